import { nameKey } from '../../core/log/name-key.ts'
import type { EndRef, EntityOp, GraphRequest, RelationshipOp } from '../../core/log/requests.ts'
import type { IndexMethod } from '../../core/types/definition.ts'

/**
 * A group of requests as the commit statement reads it: three JSON arrays, each row naming its
 * request by position. Keys are short because every byte is parsed once per commit.
 */
export type CommitPayload = {
  readonly requests: string
  readonly entities: string
  readonly relationships: string
  readonly has: PayloadParts
  /** Methods of the indexes that the graph's types declare. */
  readonly indexMethods: readonly IndexMethod[]
}

/**
 * What a group holds at all. The statement leaves out what it has no use for: planning, starting and
 * probing it would cost a tenth of a commit.
 */
export type PayloadParts = {
  readonly entities: boolean
  readonly relationships: boolean
  /** Upserts count: they may find a record. */
  readonly entityUpdates: boolean
  readonly relationshipUpdates: boolean
  readonly entityDeletions: boolean
  readonly relationshipDeletions: boolean
  /** Ends of relationships that are named by id, by external id, and by an operation. */
  readonly endsById: boolean
  readonly endsByExternalId: boolean
  readonly endsByOp: boolean
}

/** The operations of one request as rows of JSON, which still lack the position of their request. */
type RequestRows = {
  readonly entities: readonly string[]
  readonly relationships: readonly string[]
}

const prepared = new WeakMap<GraphRequest, RequestRows>()

/**
 * Makes the rows of a request while it waits for its turn: between two commits the database has
 * nothing to do. Returns their size in characters.
 */
export function prepareRows(request: GraphRequest): number {
  const { entities, relationships } = rowsOf(request)
  return [...entities, ...relationships].reduce((size, row) => size + row.length, 0)
}

function rowsOf(request: GraphRequest): RequestRows {
  const known = prepared.get(request)
  if (known) return known
  const rows: RequestRows = {
    entities: request.entities.map((op) => JSON.stringify(entityRow(op))),
    relationships: request.relationships.map((op) => JSON.stringify(relationshipRow(op))),
  }
  prepared.set(request, rows)
  return rows
}

export function commitPayload(group: readonly GraphRequest[]): CommitPayload {
  const requests = group.map((request, req) => ({
    req,
    commit_id: request.commitId,
    fingerprint: request.fingerprint,
    atomic: request.atomic,
    schema_seq: request.schemaSeq,
    actor: request.actor,
    request_id: request.requestId,
  }))
  const rows = group.map(rowsOf)
  return {
    requests: JSON.stringify(requests),
    entities: numbered(rows.map(({ entities }) => entities)),
    relationships: numbered(rows.map(({ relationships }) => relationships)),
    has: partsOf(group),
    indexMethods: [...new Set(group.flatMap(({ indexMethods = [] }) => indexMethods))],
  }
}

function partsOf(group: readonly GraphRequest[]): PayloadParts {
  const entities = new Set(group.flatMap((request) => request.entities.map((op) => op.action)))
  const relationships = new Set<RelationshipOp['action']>()
  const ends = new Set<'id' | 'externalId' | 'op'>()
  for (const op of group.flatMap((request) => request.relationships)) {
    relationships.add(op.action)
    if (op.action === 'create' || op.action === 'upsert')
      ends.add(kindOf(op.from)).add(kindOf(op.to))
  }
  return {
    entities: entities.size > 0,
    relationships: relationships.size > 0,
    entityUpdates: entities.has('update') || entities.has('upsert'),
    relationshipUpdates: relationships.has('update') || relationships.has('upsert'),
    entityDeletions: entities.has('delete'),
    relationshipDeletions: relationships.has('delete'),
    endsById: ends.has('id'),
    endsByExternalId: ends.has('externalId'),
    endsByOp: ends.has('op'),
  }
}

function kindOf(ref: EndRef): 'id' | 'externalId' | 'op' {
  if ('id' in ref) return 'id'
  return 'externalId' in ref ? 'externalId' : 'op'
}

/** Each row with the position of its request in front. */
function numbered(rows: readonly (readonly string[])[]): string {
  const all = rows.flatMap((ofRequest, req) =>
    ofRequest.map((row) => `{"req":${req},${row.slice(1)}`),
  )
  return `[${all.join(',')}]`
}

function entityRow(op: EntityOp) {
  const row = { op: op.op, a: op.action, id: op.id, x: op.externalId }
  switch (op.action) {
    case 'create':
    case 'upsert':
      return { ...row, t: op.type, ...content(op) }
    case 'update':
      return { ...row, v: op.expectedVersion, ...content(op) }
    case 'delete':
      return { ...row, v: op.expectedVersion }
  }
}

function content({ content }: Extract<EntityOp, { action: 'create' | 'upsert' | 'update' }>) {
  return {
    n: content.name,
    k: nameKey(content.name),
    lat: content.location?.lat ?? null,
    lon: content.location?.lon ?? null,
    p: content.properties,
  }
}

function relationshipRow(op: RelationshipOp) {
  const row = { op: op.op, a: op.action, id: op.id, x: op.externalId }
  switch (op.action) {
    case 'create':
    case 'upsert':
      return {
        ...row,
        t: op.type,
        ...end('f', op.from),
        ...end('d', op.to),
        p: op.content.properties,
      }
    case 'update':
      return { ...row, v: op.expectedVersion, p: op.content.properties }
    case 'delete':
      return { ...row, v: op.expectedVersion }
  }
}

/** `f` is the end a relationship comes from, `d` its destination. */
function end(prefix: 'f' | 'd', ref: EndRef): Record<string, unknown> {
  if ('id' in ref) return { [prefix]: ref.id }
  if ('externalId' in ref) return { [`${prefix}x`]: ref.externalId }
  return { [`${prefix}o`]: ref.op }
}
