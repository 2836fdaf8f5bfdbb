import { AppError } from '../errors.ts'
import { mergePatch } from '../json.ts'
import type {
  Command,
  Content,
  ContentPatch,
  Delete,
  Kind,
  Patch,
  Ref,
  WriteEntity,
  WriteRelationship,
} from './commands.ts'
import type { EndRef, EntityOp, RelationshipOp } from './requests.ts'

/** A record as it was read before the write: what a patch is applied to. */
export type CurrentRecord = {
  readonly id: string
  readonly externalId: string | null
  readonly type: string
  readonly version: number
  readonly content: Content
}

/** Finds what was read before the write; `undefined` when the record was not there. */
export type FindCurrent = (kind: Kind, ref: Ref) => CurrentRecord | undefined

/** What an operation leaves behind, for validation; `type` is `null` when the record was not found. */
export type Write = {
  readonly op: number
  readonly kind: Kind
  readonly type: string | null
  readonly content: Content
}

export type Folded = {
  readonly entities: readonly EntityOp[]
  readonly relationships: readonly RelationshipOp[]
  readonly writes: readonly Write[]
  /** For each command, the operation it became part of, or why it cannot be done. */
  readonly commands: readonly (number | AppError)[]
}

type Working = {
  readonly op: number
  readonly kind: Kind
  readonly action: 'create' | 'upsert' | 'update' | 'delete'
  readonly id: string | null
  readonly externalId: string | null
  readonly type: string | null
  readonly ends: { readonly from: Ref; readonly to: Ref } | null
  readonly expectedVersion: number | null
  readonly content: Content
}

const EMPTY: Content = { name: null, location: null, properties: {} }

/** No record has this version, so an update that expects it is refused unless the record is absent. */
const NEVER_A_VERSION = 0

/**
 * Folds the commands of one request per record (C4), in order: later writes build on earlier ones
 * of the same request. A record cannot be both written and deleted by one request.
 */
export function fold(commands: readonly Command[], findCurrent: FindCurrent): Folded {
  const byKey = new Map<string, Working>()
  const outcome: (number | AppError)[] = []

  commands.forEach((command, index) => {
    try {
      const { before, current, keys } = lookUp(command, byKey, findCurrent)
      const after = apply(before, command, index, current)
      const isNew = before === undefined && current === undefined
      for (const key of isNew ? keys : keysOf(command.kind, current ?? after)) byKey.set(key, after)
      outcome.push(after.op)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      outcome.push(error)
    }
  })

  const latest = [...new Map([...byKey.values()].map((working) => [working.op, working])).values()]
  latest.sort((a, b) => a.op - b.op)
  const entities = latest.filter((w) => w.kind === 'entity')
  // Most requests write entities or relationships: then nobody needs to be looked up for ends.
  const writers = entities.length > 0 ? byKey : new Map<string, Working>()
  return {
    entities: entities.map(entityOp),
    relationships: latest
      .filter((w) => w.kind === 'relationship')
      .map((w) => relationshipOp(w, writers)),
    writes: latest
      .filter((w) => w.action !== 'delete')
      .map(({ op, kind, type, content }) => ({ op, kind, type, content })),
    commands: outcome,
  }
}

/**
 * The record that a command is about, as this request has left it and as it was read. Like the
 * statement, it looks for the external id first; an id beside that counts only where it finds nothing.
 */
function lookUp(
  command: Command,
  byKey: ReadonlyMap<string, Working>,
  findCurrent: FindCurrent,
): {
  before?: Working | undefined
  current?: CurrentRecord | undefined
  /** What the command calls the record. */
  keys: readonly string[]
} {
  const names = 'target' in command ? [command.target] : namesOf(command)
  const keys = names.map((name) => keyOf(command.kind, name))
  for (const [i, name] of names.entries()) {
    const before = byKey.get(keys[i] ?? '')
    const current = findCurrent(command.kind, name)
    if (before || current) return { before, current, keys }
  }
  return { keys }
}

function apply(
  before: Working | undefined,
  command: Command,
  op: number,
  current: CurrentRecord | undefined,
): Working {
  if (before && (before.action === 'delete') !== (command.action === 'delete')) {
    throw new AppError('invalid', 'one request cannot both write and delete the same record')
  }
  if (before && 'target' in command && command.ifVersion !== null) {
    throw new AppError('invalid', 'only the first command on a record may name its version')
  }
  switch (command.action) {
    case 'create':
    case 'upsert':
      return write(before, command, op, current)
    case 'patch':
      return patch(before, command, op, current)
    case 'delete':
      return before ?? remove(command, op)
  }
}

function write(
  before: Working | undefined,
  command: WriteEntity | WriteRelationship,
  op: number,
  current: CurrentRecord | undefined,
): Working {
  const ends = command.kind === 'relationship' ? { from: command.from, to: command.to } : null
  const known = current ?? before
  if (known && command.externalId !== null && command.externalId !== known.externalId) {
    throw new AppError('id_taken', 'the record with this id has another external_id')
  }
  if (!before) {
    const { kind, action, id, externalId, type, content } = command
    return { op, kind, action, id, externalId, type, ends, content, expectedVersion: null }
  }
  if (command.action === 'create') {
    const code = before.id === command.id ? 'id_taken' : 'external_id_taken'
    throw new AppError(code, 'an earlier command of this request already writes this record')
  }
  if (before.type !== null && before.type !== command.type) {
    throw new AppError('type_mismatch', `the record is a ${before.type}, and a type never changes`)
  }
  if (ends && !before.ends) {
    // An update does not name the ends, so nobody would compare them.
    throw new AppError('invalid', 'one request cannot patch a relationship and then upsert it')
  }
  if (
    ends &&
    before.ends &&
    !(sameRef(ends.from, before.ends.from) && sameRef(ends.to, before.ends.to))
  ) {
    throw new AppError('ends_mismatch', 'the ends of a relationship never change')
  }
  return { ...before, content: command.content }
}

function patch(
  before: Working | undefined,
  command: Patch,
  op: number,
  current: CurrentRecord | undefined,
): Working {
  if (before) return { ...before, content: patched(before.content, command.patch) }
  return {
    op,
    kind: command.kind,
    action: 'update',
    // Both names where both are known: two requests that name one record differently must not
    // land in one group.
    ...(current ? { id: current.id, externalId: current.externalId } : refFields(command.target)),
    type: current?.type ?? null,
    ends: null,
    expectedVersion: command.ifVersion ?? current?.version ?? NEVER_A_VERSION,
    content: patched(current?.content ?? EMPTY, command.patch),
  }
}

function remove(command: Delete, op: number): Working {
  return {
    op,
    kind: command.kind,
    action: 'delete',
    ...refFields(command.target),
    type: null,
    ends: null,
    expectedVersion: command.ifVersion,
    content: EMPTY,
  }
}

function patched(content: Content, change: ContentPatch): Content {
  return {
    name: change.name === undefined ? content.name : change.name,
    location: change.location === undefined ? content.location : change.location,
    properties: change.properties
      ? mergePatch(content.properties, change.properties)
      : content.properties,
  }
}

function keyOf(kind: Kind, name: Ref): string {
  return 'id' in name ? `${kind}:i:${name.id}` : `${kind}:x:${name.externalId}`
}

function keysOf(kind: Kind, record: Parameters<typeof namesOf>[0]): readonly string[] {
  return namesOf(record).map((name) => keyOf(kind, name))
}

function namesOf(record: {
  readonly id: string | null
  readonly externalId: string | null
}): readonly Ref[] {
  const { id, externalId } = record
  return [...(externalId === null ? [] : [{ externalId }]), ...(id === null ? [] : [{ id }])]
}

function refFields(ref: Ref): { id: string | null; externalId: string | null } {
  return 'id' in ref ? { id: ref.id, externalId: null } : { id: null, externalId: ref.externalId }
}

function sameRef(a: Ref, b: Ref): boolean {
  const left = refFields(a)
  const right = refFields(b)
  return left.id === right.id && left.externalId === right.externalId
}

function entityOp(working: Working): EntityOp {
  const { op, id, externalId, content } = working
  return working.action === 'create' || working.action === 'upsert'
    ? { op, id, externalId, action: working.action, type: working.type ?? '', content }
    : changeOp(working, working.action)
}

function relationshipOp(working: Working, writers: ReadonlyMap<string, Working>): RelationshipOp {
  const { op, id, externalId, content, action, ends } = working
  if (action === 'update' || action === 'delete') return changeOp(working, action)
  if (!ends) throw new TypeError('a relationship is written with its ends')
  const from = endRef(ends.from, writers)
  const to = endRef(ends.to, writers)
  return { op, id, externalId, action, type: working.type ?? '', from, to, content }
}

function changeOp(working: Working, action: 'update' | 'delete') {
  const { op, id, externalId, content, expectedVersion } = working
  return action === 'update'
    ? { op, id, externalId, action, expectedVersion: expectedVersion ?? NEVER_A_VERSION, content }
    : { op, id, externalId, action, expectedVersion }
}

/** An end that this request itself writes is named by its operation: its id may not be known yet. */
function endRef(ref: Ref, writers: ReadonlyMap<string, Working>): EndRef {
  if (writers.size === 0) return ref
  const writer = writers.get(keyOf('entity', ref))
  return writer && (writer.action === 'create' || writer.action === 'upsert')
    ? { op: writer.op }
    : ref
}
