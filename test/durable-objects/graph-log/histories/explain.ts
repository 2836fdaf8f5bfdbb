import { isDeepStrictEqual } from 'node:util'
import type { OpResult } from '../../../../core/log/requests.ts'
import type { TypeState } from '../../../../core/types/definition.ts'
import {
  isStoredTypeEvent,
  type StoredCommit,
  type StoredEvent,
} from '../../../harness/graph-log/contents.ts'
import type { ReplayedLog } from '../../../harness/graph-log/replayed-log.ts'
import type { Attempt } from './attempts.ts'
import { type Effects, type ExpectedEvent, effectsAt } from './effects.ts'

type Committed = {
  readonly commit: StoredCommit
  readonly events: readonly StoredEvent[]
  /** Every call that had this commit id. */
  readonly calls: readonly Attempt[]
  /** The log was at least at this seq when the first of them was made. */
  readonly since: number
}

/**
 * Whether a commit is just what one of its calls had to lead to, at a point of the log after the
 * call was made. In a group all are judged at one seq, which can be a little before their events.
 */
export function commitProblems(log: ReplayedLog, committed: Committed): string[] {
  const { commit, events, calls, since } = committed
  const [first] = events
  const last = first ? first.seq - 1 : commit.answer.seq
  if (last < since)
    return [`is at seq ${last}, but the log was at ${since} before it was asked for`]
  const origin = first && calls.filter(({ request }) => request.requestId === first.request_id)
  if (origin?.length === 0) return ['has events of a call that nobody made']
  for (let seq = last; seq >= since; seq -= 1) {
    for (const { request } of origin ?? calls) {
      if (request.schemaSeq !== log.schemaSeq(seq)) continue
      const effects = effectsAt(log, seq, request)
      if (request.atomic && effects.refusals.length > 0) continue
      if (first && first.actor !== request.actor) continue
      if (isExplained(effects, committed)) return []
    }
  }
  return [`is not what any of its calls leads to between the seqs ${since} and ${last}`]
}

function isExplained(effects: Effects, { commit, events }: Committed): boolean {
  const { results } = commit.answer
  const byOp = new Map(results.map((result) => [result.op, result]))
  const own = effects.events.filter(({ op }) => op !== null)
  return (
    results.length === own.length + effects.unchanged.length + effects.refusals.length &&
    events.length === effects.events.length &&
    effects.events.every((event, i) => isEvent(event, events[i], byOp)) &&
    effects.refusals.every((refusal) => isRefusal(refusal, byOp.get(refusal.op))) &&
    effects.unchanged.every(({ op, id, version }) => {
      const result = byOp.get(op)
      const isThat = result && 'outcome' in result && result.outcome === 'unchanged'
      return isThat && result.id === id && result.version === version
    })
  )
}

function isEvent(
  { kind, subject, op, content, type }: ExpectedEvent,
  event: StoredEvent | undefined,
  byOp: ReadonlyMap<number, OpResult>,
): boolean {
  if (!event || event.kind !== kind) return false
  if ((event.subject_id ?? event.type) !== subject) return false
  if (content && event.after && 'properties' in event.after) {
    const { name, location, properties } = event.after
    if (!isDeepStrictEqual({ name, location, properties }, content)) return false
  }
  if (type !== undefined && !isDeepStrictEqual(stateOf(event), type)) return false
  if (op === null) return true
  const result = byOp.get(op)
  return result !== undefined && 'outcome' in result && result.version === event.seq
}

function stateOf(event: StoredEvent): TypeState | null {
  if (!isStoredTypeEvent(event) || event.after === null) return null
  const { json_schema, change, indexes } = event.after
  return { json_schema, change, indexes }
}

function isRefusal(expected: Effects['refusals'][number], result: OpResult | undefined): boolean {
  if (!result || !('refused' in result) || result.refused !== expected.refused) return false
  return expected.refused !== 'version_mismatch' || result.version === expected.version
}

/** A refusal names the seq at which it was right, and that was not before the call. */
export function refusalProblems(
  log: ReplayedLog,
  { request, told }: Attempt,
  since: number,
): string[] {
  if (told.status !== 'refused') return []
  if (told.seq < since)
    return [`was refused at seq ${told.seq}, but the log was at ${since} before`]
  const { refusals } = effectsAt(log, told.seq, request)
  const isRight =
    (request.atomic || request.types.length > 0) &&
    request.schemaSeq === log.schemaSeq(told.seq) &&
    refusals.length > 0 &&
    refusals.length === told.refusals.length &&
    refusals.every((refusal, i) => isRefusal(refusal, told.refusals[i]))
  if (isRight) return []
  const [wrong, right] = [told.refusals, refusals].map((each) => JSON.stringify(each))
  return [`was refused at seq ${told.seq} for ${wrong}, which should be ${right}`]
}

export function schemaProblems(
  log: ReplayedLog,
  { request, told }: Attempt,
  since: number,
): string[] {
  if (told.status !== 'schema_moved') return []
  const { schemaSeq } = told
  const isRight =
    schemaSeq !== request.schemaSeq &&
    log.schemaSeq(schemaSeq) === schemaSeq &&
    schemaSeq >= log.schemaSeq(since)
  return isRight ? [] : [`was told of schema seq ${schemaSeq}, which was not the graph's then`]
}
