import type { Attempt, Observed } from './attempts.ts'
import { first, type Spoiled } from './spoil.ts'

/** What the writers asked or were told is not what is stored. */
export const SPOILED_ANSWERS: readonly Spoiled[] = [
  ['an answer differs', withOtherAnswer, /was told another answer than stored/],
  ['who was told no is in the log', withDenial, /is in the log though it was only not_committed/],
  [
    'a commit stands before what was there when it was asked for',
    tooOld,
    /but the log was at \d+ before/,
  ],
  ['a refusal names a version that never was', withOtherRefusal, /refused at seq .* should be/],
  ['a refusal had no reason', withRefusal, /refused at seq .* should be/],
  ['a write is not what was asked for', withOtherRequest, /not what any of its calls leads to/],
  ['somebody was told a first answer again that there was not', withReplay, /replay of nothing/],
  ['an instance acknowledges what it does not know', withOldHead, /by an instance that is at/],
]

function withAttempt(history: Observed, attempt: Attempt, change: Partial<Attempt>): Observed {
  const attempts = history.attempts.map((each) =>
    each === attempt ? { ...attempt, ...change } : each,
  )
  return { ...history, attempts }
}

function withOtherAnswer(history: Observed): Observed {
  const attempt = first(history.attempts, ({ told }) => told.status === 'committed')
  if (attempt.told.status !== 'committed') return history
  return withAttempt(history, attempt, { told: { ...attempt.told, seq: attempt.told.seq + 1 } })
}

function withDenial(history: Observed): Observed {
  const { commit_id } = first(history.contents.events, () => true)
  const told = { status: 'not_committed', reason: 'spoiled' } as const
  const attempts = history.attempts.map((attempt) =>
    attempt.request.commitId === commit_id ? { ...attempt, told } : attempt,
  )
  return { ...history, attempts }
}

function tooOld(history: Observed): Observed {
  const { commit_id } = first(history.contents.events, () => true)
  const end = Math.max(...history.attempts.map(({ toldAt }) => toldAt))
  const attempts = history.attempts.map((attempt) =>
    attempt.request.commitId === commit_id
      ? { ...attempt, askedAt: end + attempt.askedAt, toldAt: end + attempt.toldAt }
      : attempt,
  )
  return { ...history, attempts }
}

function withOtherRefusal(history: Observed): Observed {
  const attempt = first(
    history.attempts,
    ({ told }) => told.status === 'refused' && told.refusals[0]?.refused === 'version_mismatch',
  )
  if (attempt.told.status !== 'refused') return history
  const refusals = attempt.told.refusals.map((refusal) => ({ ...refusal, version: 999_999 }))
  return withAttempt(history, attempt, { told: { ...attempt.told, refusals } })
}

function withRefusal(history: Observed): Observed {
  const attempt = first(history.attempts, ({ told }) => told.status === 'refused')
  if (attempt.told.status !== 'refused') return history
  const refusals = [...attempt.told.refusals, { op: 99, refused: 'not_found' as const }]
  return withAttempt(history, attempt, { told: { ...attempt.told, refusals } })
}

function withOtherRequest(history: Observed): Observed {
  const event = first(history.contents.events, ({ kind }) => kind === 'entity.created')
  const attempts = history.attempts.map((attempt) => {
    const { request } = attempt
    if (request.requestId !== event.request_id) return attempt
    const entities = request.entities.map((op) => ({ ...op, op: op.op + 1 }))
    return { ...attempt, request: { ...request, entities } }
  })
  return { ...history, attempts }
}

function withReplay(history: Observed): Observed {
  const counts = Map.groupBy(history.attempts, ({ request }) => request.commitId)
  const attempt = first(
    history.attempts,
    ({ told, request }) =>
      told.status === 'committed' && counts.get(request.commitId)?.length === 1,
  )
  if (attempt.told.status !== 'committed') return history
  return withAttempt(history, attempt, { told: { ...attempt.told, replayed: true } })
}

function withOldHead(history: Observed): Observed {
  const attempt = first(history.attempts, ({ told }) => told.status === 'committed' && told.seq > 0)
  return withAttempt(history, attempt, { knownHead: 0 })
}
