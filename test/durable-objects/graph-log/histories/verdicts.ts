import type { Kind } from '../../../../core/log/commands.ts'
import type {
  EndRef,
  EntityOp,
  GraphRequest,
  RefusalCode,
  RelationshipOp,
} from '../../../../core/log/requests.ts'
import type { ReplayedLog, StoredRecord } from '../../../harness/graph-log/replayed-log.ts'

/** What an operation finds in the graph at one seq, and why it is refused there, if it is. */
export type Verdict = {
  readonly kind: Kind
  readonly current: StoredRecord | undefined
  readonly refused: RefusalCode | null
}

/** The verdict on every operation of a request that has no types, by number. */
export function verdictsAt(
  log: ReplayedLog,
  seq: number,
  request: GraphRequest,
): Map<number, Verdict> {
  const verdicts = new Map<number, Verdict>()
  const deleted = new Set<string>()
  for (const op of request.entities) {
    const current = findCurrent(log, seq, 'entity', op)
    const refused = refusalOf(op, current)
    verdicts.set(op.op, { kind: 'entity', current, refused })
    if (op.action === 'delete' && current && !refused) deleted.add(current.id)
  }
  const endOf = (end: EndRef): string | undefined => {
    if ('id' in end) return log.entity(end.id, seq)?.id
    if ('externalId' in end) return log.recordNamed('entity', end.externalId, seq)?.id
    const verdict = verdicts.get(end.op)
    const written = request.entities.find(({ op }) => op === end.op)
    return verdict?.refused === null ? (verdict.current?.id ?? written?.id ?? undefined) : undefined
  }
  const isEnd = (id: string | undefined) => id !== undefined && !deleted.has(id)
  for (const op of request.relationships) {
    const current = findCurrent(log, seq, 'relationship', op)
    const refused = refusalOf(op, current) ?? endRefusalOf(op, current, endOf, isEnd)
    verdicts.set(op.op, { kind: 'relationship', current, refused })
  }
  return verdicts
}

function findCurrent(log: ReplayedLog, seq: number, kind: Kind, op: EntityOp | RelationshipOp) {
  const byId = op.id === null ? undefined : log.record(kind, op.id, seq)
  const byName = op.externalId === null ? undefined : log.recordNamed(kind, op.externalId, seq)
  const isNew = op.action === 'create' || op.action === 'upsert'
  return isNew || op.id === null ? (byName ?? byId) : byId
}

function refusalOf(
  op: EntityOp | RelationshipOp,
  current: StoredRecord | undefined,
): RefusalCode | null {
  switch (op.action) {
    case 'create':
      if (!current) return null
      return current.id === op.id ? 'id_taken' : 'external_id_taken'
    case 'upsert':
      if (!current) return null
      if (op.externalId !== null && current.external_id !== op.externalId) return 'id_taken'
      return current.type === op.type ? null : 'type_mismatch'
    case 'update':
    case 'delete': {
      if (!current) return 'not_found'
      const isAsExpected = op.expectedVersion === null || op.expectedVersion === current.version
      return isAsExpected ? null : 'version_mismatch'
    }
  }
}

function endRefusalOf(
  op: RelationshipOp,
  current: StoredRecord | undefined,
  endOf: (end: EndRef) => string | undefined,
  isEnd: (id: string | undefined) => boolean,
): RefusalCode | null {
  if (op.action === 'delete') return null
  const former = current && 'from_id' in current ? current : undefined
  if (op.action === 'update') {
    if (!isEnd(former?.from_id)) return 'from_not_found'
    return isEnd(former?.to_id) ? null : 'to_not_found'
  }
  const [from, to] = [endOf(op.from), endOf(op.to)]
  if (!isEnd(from)) return 'from_not_found'
  if (!isEnd(to)) return 'to_not_found'
  return former && (former.from_id !== from || former.to_id !== to) ? 'ends_mismatch' : null
}
