import { isDeepStrictEqual } from 'node:util'
import type { StoredCommit, StoredEvent } from '../../../harness/graph-log/contents.ts'
import { inconsistencies } from '../../../harness/graph-log/inconsistencies.ts'
import { ReplayedLog } from '../../../harness/graph-log/replayed-log.ts'
import { type Attempt, isSettled, isUnknown, type Observed, type Told } from './attempts.ts'
import { commitProblems, refusalProblems, schemaProblems } from './explain.ts'
import { Heads } from './heads.ts'

/**
 * Everything in a history that the log promises cannot be: in what is stored, in what the writers
 * were told, and between the two. Empty when the history is right.
 */
export function violations(observed: Observed): string[] {
  const { attempts, contents } = observed
  const log = new ReplayedLog(contents.events)
  const heads = new Heads(attempts)
  const stored = new Map(contents.commits.map((commit) => [commit.commit_id, commit]))
  const events = Map.groupBy(contents.events, ({ commit_id }) => commit_id)
  const byCommit = Map.groupBy(attempts, ({ request }) => request.commitId)
  const strangers = [...stored.keys()].filter((id) => !byCommit.has(id))
  return [
    ...inconsistencies(contents),
    ...strangers.map((id) => `commit ${id} was never asked for`),
    ...[...byCommit].flatMap(([id, calls]) => {
      const commit = stored.get(id)
      const own = events.get(id) ?? []
      const since = heads.before(Math.min(...calls.map(({ askedAt }) => askedAt)))
      return [
        ...outcomeProblems(calls, commit, own),
        ...calls.flatMap((call) => answerProblems(call, calls, commit)),
        ...(commit ? commitProblems(log, { commit, events: own, calls, since }) : []),
      ].map((problem) => `commit ${id} ${problem}`)
    }),
    ...attempts.flatMap((attempt) => {
      const since = heads.before(attempt.askedAt)
      return [
        ...refusalProblems(log, attempt, since),
        ...schemaProblems(log, attempt, since),
        ...headProblems(attempt),
      ].map((problem) => `call ${attempt.request.requestId} ${problem}`)
    }),
  ]
}

/** A commit id is in the log if and only if somebody was told so in the end. */
function outcomeProblems(
  calls: readonly Attempt[],
  commit: StoredCommit | undefined,
  events: readonly StoredEvent[],
): string[] {
  const statuses = [...new Set(calls.map(({ told }) => told.status))].join(', ')
  const isAcknowledged = calls.some(({ told }) => told.status === 'committed')
  const isStored = commit !== undefined || events.length > 0
  return [
    ...(isAcknowledged && !commit ? ['was acknowledged but is not in the log'] : []),
    ...(isStored && !isAcknowledged && !calls.some(isUnknown)
      ? [`is in the log though it was only ${statuses}`]
      : []),
    ...(isStored && !isAcknowledged && calls.some(isUnknown)
      ? [`is in the log though the last word was ${statuses}`]
      : []),
    ...(isSettled(calls) ? [] : ['was never settled']),
    ...calls
      .filter(({ request, told }) => isNo(told) && request.requestId === events[0]?.request_id)
      .map(({ told }) => `is in the log by a call that was told ${told.status}`),
  ]
}

/** Nothing of such a call is written, then or later; another call of its commit id may be. */
function isNo({ status }: Told): boolean {
  return status === 'not_committed' || status === 'refused' || status === 'schema_moved'
}

function answerProblems(
  { request, told, toldAt }: Attempt,
  calls: readonly Attempt[],
  commit: StoredCommit | undefined,
): string[] {
  switch (told.status) {
    case 'committed': {
      if (!commit) return []
      const first = { ...told, replayed: false }
      const isOnlyCall = calls.every((call) => call.request === request || call.askedAt > toldAt)
      return [
        ...(isDeepStrictEqual(first, commit.answer) ? [] : ['was told another answer than stored']),
        ...(commit.fingerprint === request.fingerprint ? [] : ['was told the answer of another']),
        ...(told.replayed && isOnlyCall ? ['was told a replay of nothing'] : []),
      ]
    }
    case 'fingerprint_mismatch':
      return commit && commit.fingerprint !== request.fingerprint
        ? []
        : ['was told of a mismatch that there is not']
    case 'no_such_log':
      return ['was told that there is no log']
    default:
      return []
  }
}

/** Whoever acknowledges a write knows of it: its watermarks are what strong reads ask. */
function headProblems({ told, knownHead }: Attempt): string[] {
  const isBehind = told.status === 'committed' && knownHead !== null && knownHead < told.seq
  return isBehind ? [`was told seq ${told.seq} by an instance that is at ${knownHead}`] : []
}
