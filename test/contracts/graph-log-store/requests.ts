import { randomUUID } from 'node:crypto'
import type { Content, Ref } from '../../../core/log/commands.ts'
import type {
  EndRef,
  EntityOp,
  GraphRequest,
  RelationshipOp,
  TypeOp,
} from '../../../core/log/requests.ts'
import type { TypeState } from '../../../core/types/definition.ts'

/** A request that was never sent before; what `parts` leaves out is empty or of no interest. */
export function request(parts: Partial<GraphRequest> = {}): GraphRequest {
  return {
    commitId: randomUUID(),
    fingerprint: 'fingerprint',
    atomic: true,
    schemaSeq: 0,
    actor: 'user:someone',
    requestId: randomUUID(),
    entities: [],
    relationships: [],
    types: [],
    ...parts,
  }
}

export function content(parts: Partial<Content> = {}): Content {
  return { name: null, location: null, properties: {}, ...parts }
}

type Of<Op, Action> = Extract<Op, { readonly action: Action }>
/** What a creation or an upsert says, all of it optional here. */
export type NewFields<Op> = Partial<Omit<Extract<Op, { readonly type: string }>, 'action'>>

export function createEntity(fields: NewFields<EntityOp> = {}): EntityOp {
  return { ...newEntity(fields), action: 'create' }
}

export function upsertEntity(externalId: string, fields: NewFields<EntityOp> = {}): EntityOp {
  return { ...newEntity({ externalId, ...fields }), action: 'upsert' }
}

function newEntity(fields: NewFields<EntityOp>) {
  return {
    op: 0,
    id: randomUUID(),
    externalId: null,
    type: 'person',
    content: content(),
    ...fields,
  }
}

type Ends = { readonly from: EndRef; readonly to: EndRef }

export function createRelationship(
  ends: Ends,
  fields: NewFields<RelationshipOp> = {},
): RelationshipOp {
  return { ...newRelationship(ends, fields), action: 'create' }
}

export function upsertRelationship(
  externalId: string,
  ends: Ends,
  fields: NewFields<RelationshipOp> = {},
): RelationshipOp {
  return { ...newRelationship(ends, { externalId, ...fields }), action: 'upsert' }
}

function newRelationship(ends: Ends, fields: NewFields<RelationshipOp>) {
  return {
    op: 0,
    id: randomUUID(),
    externalId: null,
    type: 'knows',
    content: content(),
    ...ends,
    ...fields,
  }
}

/** An update, of an entity or a relationship alike. */
export function update(
  target: Ref,
  expectedVersion: number,
  parts: Partial<Content> = {},
  op = 0,
): Of<EntityOp, 'update'> {
  return { op, ...names(target), action: 'update', expectedVersion, content: content(parts) }
}

/** A deletion, of an entity or a relationship alike. */
export function remove(
  target: Ref,
  expectedVersion: number | null = null,
  op = 0,
): Of<EntityOp, 'delete'> {
  return { op, ...names(target), action: 'delete', expectedVersion }
}

function names(ref: Ref): { id: string | null; externalId: string | null } {
  return 'id' in ref ? { id: ref.id, externalId: null } : { id: null, externalId: ref.externalId }
}

/** A definition, of an entity type unless told otherwise; what `parts` leaves out is as usual. */
export function defineType(name: string, parts: Partial<TypeOp> = {}): TypeOp {
  return {
    op: 0,
    event: 'type.defined',
    kind: 'entity',
    name,
    after: typeState(),
    onlyIfUnused: false,
    startTasks: [],
    endTasks: [],
    ...parts,
  }
}

export function typeState(parts: Partial<TypeState> = {}): TypeState {
  return { json_schema: {}, change: null, indexes: [], ...parts }
}
