import { z } from '@hono/zod-openapi'
import { DEFAULT_LISTED, MAX_LISTED, MAX_TYPES } from '../../../core/graph/engine.ts'
import { readComponent, readDegree } from '../../operations/graph-queries.ts'
import { PLAN_CAPS } from '../../operations/topology/caps.ts'
import { type App, endpoint, ok, problems, searchParams, securedRoute } from '../endpoint.ts'
import { shownComponent, shownDegree } from '../graph-answers.ts'
import { queryOf } from '../graph-params.ts'
import { component, degree } from '../graph-schemas.ts'
import { finish, type Reader, readInteger, readOneOf, readParams } from '../list-params.ts'
import { graphName, id, typeName } from '../schemas.ts'
import { queryAnswer } from './graph-queries.ts'

const recordParams = z.object({ graph: graphName, id })
const base = '/api/v1/graphs/{graph}/entities/{id}'
const tags = ['Traversal']

const filterParams = z.object({
  relationship_types: z.string().optional().openapi({
    description: 'Types of the relationships that are followed, with commas between. Absent: all.',
    example: 'route',
  }),
  entity_types: z.string().optional().openapi({
    description: 'Types of the entities that are entered, with commas between. Absent: all.',
  }),
  max_cost: z
    .string()
    .optional()
    .openapi({
      description: `Most edges that are looked at, up to ${PLAN_CAPS.maxEdges}. Default ${PLAN_CAPS.defaultMaxEdges}.`,
    }),
  on_cap: z.string().optional().openapi({
    description: '`partial` (default) or `error`, when that is not enough.',
  }),
})
const FILTERS = Object.keys(filterParams.shape)

/** What can be asked of one entity's place in its graph. */
export function graphEntityRoutes(app: App): void {
  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: `${base}/component`,
      tags,
      summary: 'Everything that is connected with an entity, whatever the direction',
      request: {
        params: recordParams,
        query: filterParams.extend({
          limit: z
            .string()
            .optional()
            .openapi({
              description: `Most ids in the answer, up to ${MAX_LISTED}. Default ${DEFAULT_LISTED}.`,
            }),
        }),
      },
      responses: { 200: ok(component, 'Its size, and the nearest of it'), ...problems(404) },
    }),
    async (c) => {
      const reader = readParams(searchParams(c), [...FILTERS, 'limit'])
      const limit = readInteger(reader, 'limit', DEFAULT_LISTED, 0, MAX_LISTED)
      const body = { ...readFilters(reader), limit }
      finish(reader)
      const names = [{ id: c.req.valid('param').id }]
      return queryAnswer(
        c,
        await readComponent(c.get('context'), queryOf(body, names, {})),
        shownComponent,
      )
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: `${base}/degree`,
      tags,
      summary: 'How many relationships an entity has',
      request: {
        params: recordParams,
        query: filterParams.extend({
          direction: z.string().optional().openapi({
            description: '`out`, `in` or `both` (default).',
            example: 'out',
          }),
        }),
      },
      responses: { 200: ok(degree, 'In all and by type'), ...problems(404) },
    }),
    async (c) => {
      const reader = readParams(searchParams(c), [...FILTERS, 'direction'])
      const direction = readOneOf(reader, 'direction', ['out', 'in', 'both'], 'both')
      const body = { ...readFilters(reader), direction }
      finish(reader)
      const names = [{ id: c.req.valid('param').id }]
      return queryAnswer(
        c,
        await readDegree(c.get('context'), queryOf(body, names, {})),
        shownDegree,
      )
    },
  )
}

function readFilters(reader: Reader) {
  const { maxEdges, defaultMaxEdges } = PLAN_CAPS
  return {
    relationship_types: readTypes(reader, 'relationship_types'),
    entity_types: readTypes(reader, 'entity_types'),
    max_cost: readInteger(reader, 'max_cost', defaultMaxEdges, 0, maxEdges),
    on_cap: readOneOf(reader, 'on_cap', ['partial', 'error'], 'partial'),
  }
}

function readTypes(reader: Reader, name: string): string[] | undefined {
  const names = reader.params.get(name)?.split(',')
  if (names === undefined) return undefined
  const isGood =
    names.length <= MAX_TYPES && names.every((each) => typeName.safeParse(each).success)
  if (!isGood) {
    const message = `must be 1 to ${MAX_TYPES} names of types, with commas between`
    reader.errors.push({ pointer: name, message })
  }
  return names
}
