import type pg from 'pg'
import { z } from 'zod'
import type { JsonObject } from '../../../core/json.ts'
import type { RefusalCode } from '../../../core/log/requests.ts'
import type { TypeChange } from '../../../core/types/definition.ts'
import { rfc3339 } from '../../../db/postgres-text.ts'
import type { GraphContents, StoredCommit, StoredEvent } from './contents.ts'

const time = z.string().transform(rfc3339)
const object = z.custom<JsonObject>()
const text = z.string().nullable()
const location = z.object({ lat: z.number(), lon: z.number() }).nullable()
const times = { created_at: time, updated_at: time }

const head = z.object({
  seq: z.number(),
  epoch: z.number(),
  term: z.number(),
  schema_seq: z.number(),
  history_id: z.string(),
})
const record = {
  id: z.string(),
  type: z.string(),
  external_id: text,
  properties: object,
  version: z.number(),
  ...times,
}
const entity = z
  .object({
    ...record,
    name: text,
    name_key: z.string(),
    latitude: z.number().nullable(),
    longitude: z.number().nullable(),
  })
  .transform(({ latitude, longitude, ...rest }) => ({
    ...rest,
    location: latitude === null || longitude === null ? null : { lat: latitude, lon: longitude },
  }))
const relationship = z.object({
  ...record,
  from_id: z.string(),
  to_id: z.string(),
  created_seq: z.number(),
})
const kind = z.enum(['entity', 'relationship'])
const typeState = {
  kind,
  json_schema: object,
  change: z.custom<TypeChange>().nullable(),
  indexes: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      method: z.enum(['composite', 'text', 'fulltext', 'geo']),
      fields: z.array(z.string()),
      status: z.enum(['building', 'ready']),
    }),
  ),
  version: z.number(),
  ...times,
}
const type = z.object({ name: z.string(), ...typeState })
const task = z.object({ kind, name: z.string(), task: z.string(), since_seq: z.number() })

const image = z.strictObject({
  version: z.number(),
  external_id: text,
  name: text,
  location,
  properties: object,
  ...times,
})
const typeImage = z.strictObject(typeState)
const header = {
  seq: z.number(),
  at: time,
  subject_id: text,
  type: text,
  external_id: text,
  from_id: text,
  to_id: text,
  actor: z.string(),
  request_id: z.string(),
  commit_id: z.string(),
}
const kinds = <Verb extends string>(verb: Verb) =>
  z.literal([`entity.${verb}` as const, `relationship.${verb}` as const])
const event: z.ZodType<StoredEvent> = z.union([
  z.object({ ...header, kind: kinds('created'), before: z.null(), after: image }),
  z.object({ ...header, kind: kinds('updated'), before: image, after: image }),
  z.object({ ...header, kind: kinds('deleted'), before: image, after: z.null() }),
  z.object({ ...header, kind: z.literal('type.defined'), before: z.null(), after: typeImage }),
  z.object({
    ...header,
    kind: z.literal('type.changing'),
    before: typeImage.nullable(),
    after: typeImage,
  }),
  z.object({
    ...header,
    kind: z.literal(['type.changed', 'type.change_refused', 'type.indexed']),
    before: typeImage,
    after: typeImage,
  }),
  z.object({ ...header, kind: z.literal('type.removed'), before: typeImage, after: z.null() }),
])

const result = z.union([
  z.strictObject({
    op: z.number(),
    outcome: z.enum(['created', 'updated', 'unchanged', 'deleted']),
    id: z.string(),
    version: z.number(),
    createdAt: time,
    updatedAt: time,
  }),
  z
    .strictObject({
      op: z.number(),
      refused: z.custom<RefusalCode>(),
      version: z.number().optional(),
    })
    .transform(({ version, ...rest }) => (version === undefined ? rest : { ...rest, version })),
])
const commit: z.ZodType<StoredCommit> = z.object({
  commit_id: z.string(),
  fingerprint: z.string(),
  at: time,
  answer: z.strictObject({
    status: z.literal('committed'),
    seq: z.number(),
    historyId: z.string(),
    replayed: z.boolean(),
    results: z.array(result),
  }),
})

/** Reads everything stored of a graph in one snapshot, as the owner and without our own client. */
export async function readGraphContents(
  owner: pg.Client,
  tenantId: string,
  graphId: string,
): Promise<GraphContents> {
  const all = async (table: string, order: string, key = 'graph_id') => {
    const { rows } = await owner.query<{ row: unknown }>(
      `select to_jsonb(t) as row from ${table} t where tenant_id = $1 and ${key} = $2
        order by ${order}`,
      [tenantId, graphId],
    )
    return rows.map(({ row }) => row)
  }
  await owner.query('begin isolation level repeatable read read only')
  try {
    return {
      head: head.parse((await all('graphs', 'id', 'id'))[0]),
      entities: (await all('entities', 'id')).map((row) => entity.parse(row)),
      relationships: (await all('relationships', 'id')).map((row) => relationship.parse(row)),
      types: (await all('types', 'kind, name')).map((row) => type.parse(row)),
      tasks: (await all('type_tasks', 'kind, name, task')).map((row) => task.parse(row)),
      events: (await all('events', 'seq')).map((row) => event.parse(row)),
      commits: (await all('commits', 'commit_id')).map((row) => commit.parse(row)),
    }
  } finally {
    await owner.query('rollback')
  }
}
