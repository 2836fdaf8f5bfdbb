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
  readonly hasRelationships: boolean
  readonly hasDeletions: boolean
  /** Methods of the indexes that the graph's types declare. */
  readonly indexMethods: readonly IndexMethod[]
}

export function commitPayload(group: readonly GraphRequest[]): CommitPayload {
  const rows = group.map((request, req) => ({
    req,
    commit_id: request.commitId,
    fingerprint: request.fingerprint,
    atomic: request.atomic,
    schema_seq: request.schemaSeq,
    actor: request.actor,
    request_id: request.requestId,
  }))
  const entities = group.flatMap((request, req) => request.entities.map((op) => entityRow(req, op)))
  const relationships = group.flatMap((request, req) =>
    request.relationships.map((op) => relationshipRow(req, op)),
  )
  return {
    requests: JSON.stringify(rows),
    entities: JSON.stringify(entities),
    relationships: JSON.stringify(relationships),
    hasRelationships: relationships.length > 0,
    hasDeletions: group.some((request) => request.entities.some((op) => op.action === 'delete')),
    indexMethods: [...new Set(group.flatMap(({ indexMethods = [] }) => indexMethods))],
  }
}

function entityRow(req: number, op: EntityOp) {
  const row = { req, op: op.op, a: op.action, id: op.id, x: op.externalId }
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

function relationshipRow(req: number, op: RelationshipOp) {
  const row = { req, op: op.op, a: op.action, id: op.id, x: op.externalId }
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
