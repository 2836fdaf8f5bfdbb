import { AppError } from '../../../core/errors.ts'
import type { Content, Kind, Ref } from '../../../core/log/commands.ts'
import type { Folded } from '../../../core/log/fold.ts'
import type { EndRef, EntityOp, RelationshipOp } from '../../../core/log/requests.ts'
import { lookUp, type NaiveGraph, type NaiveRecord, Refused } from './naive-graph.ts'

type Op = { readonly kind: Kind; readonly op: EntityOp | RelationshipOp }

/**
 * What the commit statement makes of folded operations: each is judged by the graph as it was before
 * all of them. Throws `Refused` when one is refused, and `twice` when two write one record, which the
 * statement cannot do.
 */
export function commit(
  before: NaiveGraph,
  folded: Folded,
  twice: (what: string) => Error = (what) => new Error(what),
): NaiveGraph {
  if (folded.commands.some((command) => command instanceof AppError)) throw new Refused('folding')
  const ops: Op[] = [
    ...folded.entities.map((op) => ({ kind: 'entity' as const, op })),
    ...folded.relationships.map((op) => ({ kind: 'relationship' as const, op })),
  ]
  const found = new Map(ops.map((each) => [each, find(before, each)]))
  const gone = new Set(
    ops.flatMap((each) =>
      each.kind === 'entity' && each.op.action === 'delete' ? [found.get(each)?.id] : [],
    ),
  )
  const endId = (end: EndRef): string => {
    const writer = 'op' in end ? ops.find(({ op }) => op.op === end.op) : undefined
    const id =
      'op' in end ? writer && idOf(writer, found.get(writer)) : lookUp(before, 'entity', end)?.id
    if (id === undefined || gone.has(id)) throw new Refused('an end is missing')
    return id
  }

  const written = new Map<string, NaiveRecord | null>()
  for (const each of ops) {
    const current = found.get(each)
    const key = `${each.kind}:${idOf(each, current)}`
    if (written.has(key)) throw twice(`two operations write ${key}`)
    written.set(key, outcome(each, current, endId))
    const { ends } = current ?? { ends: null }
    if (each.op.action === 'update' && ends && (gone.has(ends.from) || gone.has(ends.to))) {
      throw new Refused('an end is deleted')
    }
  }
  const kept = before.filter(
    ({ kind, id, ends }) =>
      !written.has(`${kind}:${id}`) && !(ends && (gone.has(ends.from) || gone.has(ends.to))),
  )
  const graph = [...kept, ...[...written.values()].filter((record) => record !== null)]
  if (!hasUniqueNames(graph)) throw twice('two records have one external id')
  return graph
}

function hasUniqueNames(graph: NaiveGraph): boolean {
  const names = graph.flatMap(({ kind, externalId }) =>
    externalId === null ? [] : [`${kind}:${externalId}`],
  )
  return new Set(names).size === names.length
}

function idOf({ op }: Op, current: NaiveRecord | undefined): string {
  return current?.id ?? op.id ?? ''
}

function find(before: NaiveGraph, { kind, op }: Op): NaiveRecord | undefined {
  const { id, externalId, action } = op
  const isWrite = action === 'create' || action === 'upsert'
  const names: Ref[] = [
    ...(externalId !== null && (id === null || isWrite) ? [{ externalId }] : []),
    ...(id === null ? [] : [{ id }]),
  ]
  return names.map((name) => lookUp(before, kind, name)).find((record) => record !== undefined)
}

function outcome(
  { kind, op }: Op,
  current: NaiveRecord | undefined,
  endId: (end: EndRef) => string,
): NaiveRecord | null {
  if (op.action === 'update' || op.action === 'delete') {
    if (!current) throw new Refused('not_found')
    if (op.expectedVersion !== null && op.expectedVersion !== current.version) {
      throw new Refused('version_mismatch')
    }
    return op.action === 'delete' ? null : { ...current, content: op.content }
  }
  const ends = 'from' in op ? { from: endId(op.from), to: endId(op.to) } : null
  if (!current) return newRecord(kind, op, ends)
  if (op.action === 'create') throw new Refused('taken')
  if (op.externalId !== null && current.externalId !== op.externalId) throw new Refused('id_taken')
  if (current.type !== op.type) throw new Refused('type_mismatch')
  if (ends?.from !== current.ends?.from || ends?.to !== current.ends?.to) {
    throw new Refused('ends_mismatch')
  }
  return { ...current, content: op.content }
}

function newRecord(
  kind: Kind,
  op: { id: string | null; externalId: string | null; type: string; content: Content },
  ends: NaiveRecord['ends'],
): NaiveRecord {
  const { id, externalId, type, content } = op
  return { kind, id: id ?? '', externalId, type, content, version: 0, ends }
}
