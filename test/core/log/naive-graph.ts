import type { Json, JsonObject } from '../../../core/json.ts'
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
} from '../../../core/log/commands.ts'
import type { CurrentRecord, FindCurrent } from '../../../core/log/fold.ts'

/** A record of a graph that lives in a test. */
export type NaiveRecord = CurrentRecord & {
  readonly kind: Kind
  readonly ends: { readonly from: string; readonly to: string } | null
}

export type NaiveGraph = readonly NaiveRecord[]

/** Why a command cannot be done; what kind of reason does not matter here. */
export class Refused extends Error {}

export function lookUp(graph: NaiveGraph, kind: Kind, ref: Ref): NaiveRecord | undefined {
  return graph.find(
    (record) =>
      record.kind === kind &&
      ('id' in ref ? record.id === ref.id : record.externalId === ref.externalId),
  )
}

export function currentOf(graph: NaiveGraph): FindCurrent {
  return (kind, ref) => lookUp(graph, kind, ref)
}

/** Finds what the worker reads before it folds: the records that patches name. */
export function patchedOf(graph: NaiveGraph, commands: readonly Command[]): FindCurrent {
  const patches = commands.filter((command) => command.action === 'patch')
  const read = patches.map(({ kind, target }) => lookUp(graph, kind, target))
  return currentOf(read.filter((record) => record !== undefined))
}

/**
 * Does the commands of one request one after the other, entities before relationships before
 * deletions of entities, as a reader would expect them to be done. Two rules are the log's own: no
 * record is both written and deleted, and only the first command on a record names its version.
 * Throws `Refused` when one of them cannot be done.
 */
export function interpret(before: NaiveGraph, commands: readonly Command[]): NaiveGraph {
  const phase = (command: Command) =>
    command.kind === 'relationship' ? 1 : command.action === 'delete' ? 2 : 0
  const touched = new Map<string, 'written' | 'deleted'>()
  let graph = before
  for (const command of [...commands].sort((a, b) => phase(a) - phase(b))) {
    const found = targetOf(graph, command) ?? deletedTarget(before, touched, command)
    const key = found && `${found.kind}:${found.id}`
    const past = key && touched.get(key)
    if ('ifVersion' in command && command.ifVersion !== null && past) {
      throw new Refused('a later command names a version')
    }
    const now = command.action === 'delete' ? 'deleted' : 'written'
    if (past && past !== now) throw new Refused('written and deleted')
    if (past !== 'deleted') graph = apply(graph, command, found)
    touched.set(key ?? `${command.kind}:${'id' in command ? command.id : ''}`, now)
  }
  return graph
}

function deletedTarget(
  before: NaiveGraph,
  touched: ReadonlyMap<string, 'written' | 'deleted'>,
  command: Command,
): NaiveRecord | undefined {
  const found = targetOf(before, command)
  return found && touched.get(`${found.kind}:${found.id}`) === 'deleted' ? found : undefined
}

/** The record that a command is about: by external id first where it gives both. */
function targetOf(graph: NaiveGraph, command: Command): NaiveRecord | undefined {
  const { kind } = command
  if ('target' in command) return lookUp(graph, kind, command.target)
  const { id, externalId } = command
  const byExternalId = externalId === null ? undefined : lookUp(graph, kind, { externalId })
  return byExternalId ?? lookUp(graph, kind, { id })
}

function apply(graph: NaiveGraph, command: Command, found: NaiveRecord | undefined): NaiveGraph {
  switch (command.action) {
    case 'create':
      if (found) throw new Refused('taken')
      return [...graph, newRecord(graph, command)]
    case 'upsert':
      return found ? replace(graph, found, command) : [...graph, newRecord(graph, command)]
    case 'patch': {
      const record = expected(found, command)
      return withContent(graph, record, patched(record.content, command.patch))
    }
    case 'delete': {
      const record = expected(found, command)
      return graph.filter(
        ({ kind, id, ends }) =>
          !(kind === record.kind && id === record.id) &&
          !(record.kind === 'entity' && (ends?.from === record.id || ends?.to === record.id)),
      )
    }
  }
}

function expected(found: NaiveRecord | undefined, command: Patch | Delete): NaiveRecord {
  if (!found) throw new Refused('not found')
  if (command.ifVersion !== null && command.ifVersion !== found.version) {
    throw new Refused('another version')
  }
  return found
}

function replace(
  graph: NaiveGraph,
  found: NaiveRecord,
  command: WriteEntity | WriteRelationship,
): NaiveGraph {
  const { externalId, type, content } = command
  if (externalId !== null && found.externalId !== externalId) throw new Refused('the id is taken')
  if (found.type !== type) throw new Refused('another type')
  const ends = endsOf(graph, command)
  if (ends?.from !== found.ends?.from || ends?.to !== found.ends?.to) {
    throw new Refused('other ends')
  }
  return withContent(graph, found, content)
}

function newRecord(graph: NaiveGraph, command: WriteEntity | WriteRelationship): NaiveRecord {
  const { kind, id, externalId, type, content } = command
  return { kind, id, externalId, type, content, version: 0, ends: endsOf(graph, command) }
}

function endsOf(graph: NaiveGraph, command: WriteEntity | WriteRelationship) {
  if (command.kind === 'entity') return null
  const from = lookUp(graph, 'entity', command.from)
  const to = lookUp(graph, 'entity', command.to)
  if (!from || !to) throw new Refused('an end is missing')
  return { from: from.id, to: to.id }
}

function withContent(graph: NaiveGraph, record: NaiveRecord, content: Content): NaiveGraph {
  return graph.map((each) => (each === record ? { ...record, content } : each))
}

function patched(content: Content, change: ContentPatch): Content {
  const properties = change.properties
    ? (merged(content.properties, change.properties) as JsonObject)
    : content.properties
  return {
    name: 'name' in change ? (change.name ?? null) : content.name,
    location: 'location' in change ? (change.location ?? null) : content.location,
    properties,
  }
}

/** RFC 7396, section 2, word by word. */
function merged(target: Json | undefined, patch: Json): Json {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const isObject = typeof target === 'object' && target !== null && !Array.isArray(target)
  const result: Record<string, Json> = isObject ? { ...(target as JsonObject) } : {}
  for (const [name, value] of Object.entries(patch as JsonObject)) {
    if (value === null) delete result[name]
    else result[name] = merged(result[name], value)
  }
  return result
}
