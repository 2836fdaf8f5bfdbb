import { z } from '@hono/zod-openapi'
import {
  DEFAULT_DEPTH,
  DEFAULT_LISTED,
  DEFAULT_LISTED_EDGES,
  DEFAULT_PATH_LENGTH,
  MAX_DEPTH,
  MAX_LISTED,
  MAX_LISTED_EDGES,
  MAX_PATH_LENGTH,
  MAX_PATHS,
  MAX_STARTS,
  MAX_TYPES,
} from '../../core/graph/engine.ts'
import { PLAN_CAPS } from '../operations/topology/caps.ts'
import { where } from './graph-where.ts'
import { ALWAYS, checkEnds, entity, externalId, id, relationship, typeName } from './schemas.ts'

const between = (min: number, max: number, otherwise: number, description: string) =>
  z
    .int()
    .min(min)
    .max(max)
    .optional()
    .openapi({ description: `${description} Default ${otherwise}.` })

const direction = (otherwise: string) =>
  z
    .enum(['out', 'in', 'both'])
    .optional()
    .openapi({
      description: `\`out\` follows relationships from \`from_id\` to \`to_id\`. Default \`${otherwise}\`.`,
    })

const filters = {
  relationship_types: z
    .array(typeName)
    .max(MAX_TYPES)
    .optional()
    .openapi({ description: 'Relationships that are followed. Absent: all.', example: ['route'] }),
  entity_types: z
    .array(typeName)
    .max(MAX_TYPES)
    .optional()
    .openapi({ description: 'Entities that are entered. Absent: all.' }),
  where: where.optional(),
}

const caps = {
  max_cost: between(
    0,
    PLAN_CAPS.maxEdges,
    PLAN_CAPS.defaultMaxEdges,
    'Most edges that are looked at.',
  ),
  on_cap: z
    .enum(['partial', 'error'])
    .optional()
    .openapi({
      description:
        'When that is not enough: `partial` (default) answers what was found until then, and ' +
        '`stopped` says so; `error` is a `cost_exceeded` with an estimate.',
    }),
}

const listed = between(0, MAX_LISTED, DEFAULT_LISTED, 'Most entities in the answer.')

const someNames = {
  ids: z.array(id).max(MAX_STARTS).optional(),
  external_ids: z.array(externalId).max(MAX_STARTS).optional(),
}

type Names = {
  readonly ids?: readonly string[] | undefined
  readonly external_ids?: readonly string[] | undefined
}

/** `ids` and `external_ids` together name `min` to `max` entities. */
function checkNames(min: number, max: number) {
  return ({ ids = [], external_ids = [] }: Names, context: z.RefinementCtx): void => {
    const count = ids.length + external_ids.length
    if (count >= min && count <= max) return
    const howMany = min === max ? `${min}` : `${min} to ${max}`
    const message = `give ${howMany} ids and external_ids`
    context.addIssue({ code: 'custom', message, path: ['ids'] })
  }
}

/**
 * The body of a query: its fields, what else they have to be (which is asked of wrong fields too), and what
 * the document of the API says of it. What is valid is read by code that zod makes of the schema while the
 * isolate starts, where Workers allow it (`allow_eval_during_startup`): three to six times as fast, with a
 * fraction of the garbage. What is not, zod reads once more by the schema itself, to name all that is wrong.
 */
function queryBody<Fields extends z.ZodObject>(
  fields: Fields,
  check: (value: z.output<Fields>, context: z.RefinementCtx) => void,
  name: string,
  example: object,
): Fields {
  const compiled = z.compile(fields.superRefine(check))
  const whole = fields.superRefine(check, ALWAYS).openapi(name, { example })
  return z.withParser(whole, (input) => {
    const { success, data } = compiled.safeParse(input)
    return success ? data : z.INVALID
  })
}

export const traverseBody = queryBody(
  z.strictObject({
    ...someNames,
    direction: direction('out'),
    depth: between(0, MAX_DEPTH, DEFAULT_DEPTH, 'Most hops.'),
    ...filters,
    return: z
      .enum(['count', 'ids', 'entities', 'records'])
      .optional()
      .openapi({
        description:
          'What is said of the entities: how many they are, their ids, id and type with depth and ' +
          'the relationship they were reached by (default), or that with the records.',
      }),
    limit: listed,
    ...caps,
  }),
  checkNames(1, MAX_STARTS),
  'Traverse',
  {
    external_ids: ['SFO'],
    direction: 'out',
    relationship_types: ['route'],
    depth: 2,
    where: { 'properties.state': 'CA' },
    limit: 100,
  },
)

export const subgraphBody = queryBody(
  z.strictObject({
    ...someNames,
    direction: direction('both'),
    depth: between(0, MAX_DEPTH, DEFAULT_DEPTH, 'Most hops.'),
    ...filters,
    return: z.enum(['entities', 'records']).optional(),
    limit: listed,
    edge_limit: between(0, MAX_LISTED_EDGES, DEFAULT_LISTED_EDGES, 'Most edges in the answer.'),
    ...caps,
  }),
  checkNames(1, MAX_STARTS),
  'SubgraphQuery',
  { external_ids: ['SFO'], depth: 1, limit: 50, edge_limit: 500 },
)

export const pathsBody = queryBody(
  z.strictObject({
    from_id: id.optional(),
    from_external_id: externalId.optional(),
    to_id: id.optional(),
    to_external_id: externalId.optional(),
    direction: direction('out'),
    k: between(1, MAX_PATHS, 1, 'How many paths.'),
    weight: z
      .string()
      .max(500)
      .regex(/^properties(\.[^.]+){1,4}$/, 'must be properties.<key>, with at most 4 keys')
      .optional()
      .openapi({
        description:
          'The numeric property of relationships that a path adds up. Those that have none, or one ' +
          'below 0, are not passed. Absent: the number of relationships counts.',
        example: 'properties.miles',
      }),
    max_length: between(
      0,
      MAX_PATH_LENGTH,
      DEFAULT_PATH_LENGTH,
      'Most relationships of a path; not with `weight`.',
    ),
    ...filters,
    return: z.enum(['entities', 'records']).optional(),
    ...caps,
  }),
  (body, context) => {
    checkEnds(body, context)
    if (body.weight === undefined || body.max_length === undefined) return
    const message = 'cannot be given together with weight'
    context.addIssue({ code: 'custom', message, path: ['max_length'] })
  },
  'PathsQuery',
  {
    from_external_id: 'SFO',
    to_external_id: 'JFK',
    relationship_types: ['route'],
    k: 3,
  },
)

export const commonBody = queryBody(
  z.strictObject({
    ...someNames,
    direction: direction('both'),
    ...filters,
    return: z.enum(['entities', 'records']).optional(),
    limit: listed,
    ...caps,
  }),
  checkNames(2, 2),
  'CommonNeighborsQuery',
  { external_ids: ['SFO', 'JFK'], direction: 'out' },
)

const cost = z
  .object({
    engine: z.enum(['memory', 'sql']),
    seq: z.int().openapi({ description: 'The whole answer is the graph at this seq.' }),
    nodes: z.int().openapi({ description: 'Entities reached.' }),
    edges: z.int().openapi({ description: 'Edges looked at.' }),
    max_edges: z.int(),
    ms: z.number(),
  })
  .openapi('Cost')

const answered = {
  stopped: z.enum(['cost', 'deadline', 'limit']).nullable().openapi({
    description:
      'Why this is not all: `max_cost`, time, or a limit on what is listed. null: it is all.',
  }),
  cost,
}

const uuid = z.string().openapi({ format: 'uuid' })

const hop = z
  .object({
    created_seq: z
      .int()
      .openapi({ description: 'Names the relationship: the seq that created it.' }),
    type: typeName,
    direction: z.enum(['out', 'in']).openapi({ description: 'Which way it was passed.' }),
    from_id: uuid.openapi({ description: 'The entity that was left by it.' }),
    relationship: relationship.nullable().optional(),
  })
  .openapi('Hop')

const named = {
  id: uuid,
  type: typeName,
  entity: entity.nullable().optional().openapi({ description: 'With `records`.' }),
}

const reached = z
  .object({
    ...named,
    depth: z.int(),
    via: hop.nullable().openapi({ description: 'null for those that the request names.' }),
  })
  .openapi('Reached')

export const traversal = z
  .object({
    count: z
      .int()
      .openapi({ description: 'Entities reached beside those that the request names.' }),
    by_depth: z.array(z.int()).openapi({ description: 'Entities reached per depth, from 0 on.' }),
    ids: z.array(uuid).optional(),
    items: z.array(reached).optional(),
    ...answered,
  })
  .openapi('Traversal')

export const subgraph = z
  .object({
    nodes: z.array(reached),
    edges: z.array(
      z.object({
        created_seq: z.int(),
        type: typeName,
        from_id: uuid,
        to_id: uuid,
        relationship: relationship.nullable().optional(),
      }),
    ),
    ...answered,
  })
  .openapi('Subgraph')

export const paths = z
  .object({
    paths: z.array(
      z.object({
        length: z.int(),
        weight: z.number().nullable(),
        entities: z.array(z.object(named)),
        hops: z.array(hop),
      }),
    ),
    equally_short: z.int().nullable().openapi({
      description: 'How many paths are as short as the first; null with `weight`.',
    }),
    ...answered,
  })
  .openapi('Paths')

export const component = z
  .object({ size: z.int(), ids: z.array(uuid), ...answered })
  .openapi('Component')

export const degree = z
  .object({
    out: z.int(),
    in: z.int(),
    by_type: z.array(z.object({ type: typeName, out: z.int(), in: z.int() })),
    ...answered,
  })
  .openapi('Degree')

export const common = z
  .object({
    count: z.int(),
    items: z.array(z.object({ ...named, via: z.array(hop) })),
    ...answered,
  })
  .openapi('CommonNeighbors')
