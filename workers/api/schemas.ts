import { z } from '@hono/zod-openapi'
import { ROLES } from '../../core/auth/permissions.ts'
import type { JsonObject } from '../../core/json.ts'
import { jsonProblems, textProblem, unescapedKey } from '../../core/json-problems.ts'
import { nameKey } from '../../core/log/name-key.ts'
import { MAX_INDEXES } from '../../core/types/declared-indexes.ts'

/** Text that PostgreSQL can store. */
export const text = (max: number, base = z.string()) =>
  base
    .min(1)
    .max(max)
    .superRefine((value, context) => {
      for (const { message } of textProblem(value, ''))
        context.addIssue({ code: 'custom', message })
    })

/** Characters of a record's properties: a page of records has to fit into an answer. */
const MAX_PROPERTIES_CHARACTERS = 2 * 1024 * 1024

/** Bytes of a name's index key; an index row of PostgreSQL holds 2,704. */
const MAX_NAME_KEY_BYTES = 2_000

export const id = z
  .uuid()
  .refine((value) => !/^[0f-]+$/i.test(value), 'must not be the nil or the max UUID')
  .transform((value) => value.toLowerCase())
  .openapi({
    type: 'string',
    format: 'uuid',
    example: '01979c7e-3a5b-7cc0-8f43-6c5d2a1b0e9f',
  })

export const externalId = text(512).openapi({
  description: 'The id of the record in the system it comes from; unique in its graph and kind.',
  example: 'ATL',
})

export const typeName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_.:-]{0,63}$/, 'must start with a letter; letters, digits and _ . : -')
  .openapi({ example: 'airport' })

export const name = text(500)
  .refine(
    (value) => new TextEncoder().encode(nameKey(value)).length <= MAX_NAME_KEY_BYTES,
    'is too long',
  )
  .openapi({ example: 'Hartsfield-Jackson' })

export const location = z
  .strictObject({ lat: z.number().min(-90).max(90), lon: z.number().min(-180).max(180) })
  .openapi('Location', { description: 'Degrees, WGS 84.', example: { lat: 33.64, lon: -84.43 } })

// Not z.record: it drops a key named __proto__, which is data like any other.
export const properties = z
  .custom<JsonObject>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'must be an object',
  )
  .superRefine((value, context) => {
    if (JSON.stringify(value).length > MAX_PROPERTIES_CHARACTERS) {
      const message = `has more than ${MAX_PROPERTIES_CHARACTERS} characters of JSON`
      context.addIssue({ code: 'custom', message })
    }
    for (const { pointer, message } of jsonProblems(value, '')) {
      const path = pointer.split('/').slice(1).map(unescapedKey)
      context.addIssue({ code: 'custom', message, path })
    }
  })
  .openapi({ type: 'object', additionalProperties: true, example: { city: 'Atlanta' } })

export const time = z.string().openapi({ format: 'date-time', example: '2026-11-21T09:00:00.000Z' })
const version = z.int().openapi({
  description: 'The seq of the event that last changed the record.',
  example: 17,
})

export const entity = z
  .object({
    id: z.string().openapi({ format: 'uuid' }),
    type: typeName,
    external_id: z.string().nullable(),
    name: z.string().nullable(),
    location: location.nullable(),
    properties: z.record(z.string(), z.unknown()),
    version,
    created_at: time,
    updated_at: time,
  })
  .openapi('Entity')

export const relationship = z
  .object({
    id: z.string().openapi({ format: 'uuid' }),
    type: typeName,
    from_id: z.string().openapi({ format: 'uuid' }),
    to_id: z.string().openapi({ format: 'uuid' }),
    external_id: z.string().nullable(),
    properties: z.record(z.string(), z.unknown()),
    version,
    created_at: time,
    updated_at: time,
  })
  .openapi('Relationship')

// Those named ...Fields have no name in OpenAPI: what extends a named one is described as both at
// once, which nothing can be where both are closed.
export const newEntityFields = z.strictObject({
  id: id.optional().openapi({ description: 'Chosen by the caller; made by the server if absent.' }),
  type: typeName,
  external_id: externalId.optional(),
  name: name.nullish(),
  location: location.nullish(),
  properties: properties.optional(),
})

export const newEntity = newEntityFields.openapi('NewEntity')

const ends = {
  from_id: id.optional(),
  from_external_id: externalId.optional(),
  to_id: id.optional(),
  to_external_id: externalId.optional(),
}

/** For a check that looks at several fields: it speaks up even where other fields are wrong. */
export const ALWAYS = {
  when: ({ value }: { readonly value: unknown }) => typeof value === 'object' && value !== null,
}

/** Exactly one way to name each end. */
export function checkEnds(
  value: { [K in keyof typeof ends]?: string | undefined },
  context: z.RefinementCtx,
): void {
  const { from_id, from_external_id, to_id, to_external_id } = value
  if ((from_id === undefined) === (from_external_id === undefined)) refuseEnd('from', context)
  if ((to_id === undefined) === (to_external_id === undefined)) refuseEnd('to', context)
}

function refuseEnd(end: 'from' | 'to', context: z.RefinementCtx): void {
  const message = `give either ${end}_id or ${end}_external_id`
  context.addIssue({ code: 'custom', message, path: [`${end}_id`] })
}

export const newRelationshipFields = z.strictObject({
  id: id.optional(),
  type: typeName,
  external_id: externalId.optional(),
  ...ends,
  properties: properties.optional(),
})

export const newRelationship = newRelationshipFields
  .superRefine(checkEnds, ALWAYS)
  .openapi('NewRelationship', {
    example: {
      type: 'route',
      from_external_id: 'ATL',
      to_external_id: 'SFO',
      properties: { flights: 12 },
    },
  })

const patchedProperties = properties.optional().openapi({
  description: 'A JSON merge patch (RFC 7396): null removes a property.',
})

export const entityPatchFields = z.strictObject({
  name: name.nullable().optional(),
  location: location.nullable().optional(),
  properties: patchedProperties,
})

export const entityPatch = entityPatchFields.openapi('EntityPatch')

export const relationshipPatchFields = z.strictObject({ properties: patchedProperties })

export const relationshipPatch = relationshipPatchFields.openapi('RelationshipPatch')

export const kind = z.enum(['entity', 'relationship'])

const jsonSchema = properties.openapi({
  description: 'JSON Schema (draft 2020-12) of the properties.',
  example: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
})

const indexFields = {
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,63}$/, 'lower-case letters, digits and _, a letter first, at most 64')
    .openapi({ example: 'by_city' }),
  method: z.enum(['composite', 'text', 'fulltext', 'geo']).openapi({
    description:
      '`composite`: filters and sorts by the fields in order. `text`: parts of one field. ' +
      '`fulltext`: words of the fields. `geo`: the location; it takes no fields.',
  }),
}

const indexes = z
  .array(
    z.strictObject({
      ...indexFields,
      fields: z
        .array(text(500))
        .optional()
        .openapi({
          description: '`name` or `properties.<key>`, with keys of nested objects after dots.',
          example: ['properties.city', 'name'],
        }),
    }),
  )
  .optional()
  .openapi({ description: `At most ${MAX_INDEXES}. Absent: those there are.` })

export const typePut = z.strictObject({ json_schema: jsonSchema, indexes }).openapi('TypePut')

export const newType = z
  .strictObject({ kind, name: typeName, json_schema: jsonSchema, indexes })
  .openapi('NewType', {
    example: {
      kind: 'entity',
      name: 'airport',
      json_schema: {
        type: 'object',
        properties: { city: { type: 'string' } },
        required: ['city'],
      },
      indexes: [{ name: 'by_city', method: 'composite', fields: ['properties.city', 'name'] }],
    },
  })

const counterexample = z.object({
  id: z.string(),
  external_id: z.string().nullable(),
  errors: z.array(z.object({ pointer: z.string(), message: z.string() })),
})

const schemaDocument = z.record(z.string(), z.unknown())

export const typeDefinition = z
  .object({
    kind,
    name: typeName,
    json_schema: schemaDocument.openapi({ description: 'In force.' }),
    change: z
      .discriminatedUnion('status', [
        z.object({
          status: z.literal('checking'),
          json_schema: schemaDocument,
          checked: z.int().openapi({ description: 'Records checked so far.' }),
        }),
        z.object({
          status: z.literal('refused'),
          json_schema: schemaDocument,
          examples: z.array(counterexample),
        }),
      ])
      .nullable()
      .openapi({
        description:
          'A schema that the type shall have. `checking`: writes have to satisfy it, too, and the ' +
          'records there are being checked. `refused`: the examples are not as it wants them.',
      }),
    indexes: z.array(
      z.object({
        ...indexFields,
        fields: z.array(z.string()),
        status: z.enum(['building', 'ready']),
        indexed: z.int().optional().openapi({ description: 'While building: records so far.' }),
      }),
    ),
    version,
    created_at: time,
    updated_at: time,
  })
  .openapi('Type')

export const change = z
  .object({
    seq: z.int(),
    at: time,
    kind: z.string().openapi({ example: 'entity.updated' }),
    id: z.string().nullable().openapi({ description: 'The record; null for a type.' }),
    type: z.string().nullable(),
    external_id: z.string().nullable(),
    from_id: z.string().nullable(),
    to_id: z.string().nullable(),
    actor: z.string().openapi({ example: 'key:01979c7e-3a5b-7cc0-8f43-6c5d2a1b0e9f' }),
    request_id: z.string(),
    before: z.record(z.string(), z.unknown()).nullable(),
    after: z.record(z.string(), z.unknown()).nullable(),
    erased: z.literal(true).optional().openapi({
      description: 'The content is erased: the images are null.',
    }),
  })
  .openapi('Change')

export const neighbor = z
  .object({ direction: z.enum(['out', 'in']), relationship, entity })
  .openapi('Neighbor')

export const graphName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and -, at most 63')
  .openapi({ example: 'default' })

export const graph = z
  .object({ id: z.string(), name: graphName, created_at: time })
  .openapi('Graph')

export const role = z.enum(ROLES)

export const apiKey = z
  .object({
    id: z.string(),
    name: z.string(),
    hint: z.string().openapi({ example: 'tendril_live_aB3d' }),
    role,
    created_by: z.string(),
    created_at: time,
    expires_at: time.nullable(),
    revoked_at: time.nullable(),
  })
  .openapi('ApiKey')

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string(),
    instance: z.string(),
    request_id: z.string(),
    command: z.int().optional(),
    errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
    examples: z
      .array(counterexample)
      .optional()
      .openapi({ description: 'With `type_violated`: records that are not as the schema wants.' }),
    estimated_edges: z
      .int()
      .optional()
      .openapi({ description: 'With `cost_exceeded`: edges that the query would look at, about.' }),
  })
  .openapi('Problem', { description: 'Problem details (RFC 9457).' })

/** A list and where it goes on; `next` is null at its end. */
export const listOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next: z.string().nullable() })
