import type { StoredEvent } from '../../../harness/graph-log/contents.ts'
import { ReplayedLog } from '../../../harness/graph-log/replayed-log.ts'
import type { Attempt, Observed } from './attempts.ts'

type Spoil = (history: Observed) => Observed

/** Ways to spoil a right history, and what the checker has to say about each. */
export const SPOILED: readonly (readonly [title: string, spoil: Spoil, said: RegExp])[] = [
  ['an event is lost', withoutEvent, /stands where seq \d+ belongs/],
  ['an event is doubled', withDoubledEvent, /stands where seq \d+ belongs/],
  ['an event happens a second time later on', withSecondEvent, /events that do not stand together/],
  ['two events are exchanged', withExchangedEvents, /stands where seq \d+ belongs/],
  ['a former image differs', withOtherBefore, /before that is not the former after/],
  ['a row differs in its name', withOtherName, /^entity .* is not what its events say/],
  ['a row differs in its version', withOtherVersion, /^relationship .* is not what its events say/],
  ['a row is missing', withoutRow, /^entity .* has events but no row/],
  [
    'a relationship has lost an end',
    withoutEnd,
    /leaves relationships without an end|an end that is/,
  ],
  ['the end of the log is gone, tables and all', truncated, /acknowledged but is not in the log/],
  ['an answer is forgotten', withoutCommit, /acknowledged but is not in the log/],
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

function at<T>(list: readonly T[], index: number): T {
  const item = list.at(index)
  if (item === undefined) throw new Error('the history is too short to be spoiled')
  return item
}

function first<T>(list: readonly T[], is: (item: T) => boolean): T {
  const item = list.find(is)
  if (item === undefined) throw new Error('the history has nothing of this kind to spoil')
  return item
}

function withContents(history: Observed, change: Partial<Observed['contents']>): Observed {
  return { ...history, contents: { ...history.contents, ...change } }
}

function withEvents(history: Observed, change: (events: StoredEvent[]) => StoredEvent[]): Observed {
  return withContents(history, { events: change([...history.contents.events]) })
}

function withAttempt(history: Observed, attempt: Attempt, change: Partial<Attempt>): Observed {
  const attempts = history.attempts.map((each) =>
    each === attempt ? { ...attempt, ...change } : each,
  )
  return { ...history, attempts }
}

function withoutEvent(history: Observed): Observed {
  return withEvents(history, (events) => events.toSpliced(events.length >> 1, 1))
}

function withDoubledEvent(history: Observed): Observed {
  return withEvents(history, (events) => {
    const middle = events.length >> 1
    return events.toSpliced(middle, 0, at(events, middle))
  })
}

/** Numbered as it should be, and with the head where it belongs. */
function withSecondEvent(history: Observed): Observed {
  const { head } = history.contents
  const seq = head.seq + 1
  const again = { ...first(history.contents.events, ({ kind }) => kind === 'entity.updated'), seq }
  const moved = withEvents(history, (events) => [...events, { ...again, at: at(events, -1).at }])
  return withContents(moved, { head: { ...head, seq } })
}

function withExchangedEvents(history: Observed): Observed {
  return withEvents(history, (events) => {
    const middle = events.length >> 1
    return events.toSpliced(middle, 2, at(events, middle + 1), at(events, middle))
  })
}

function withOtherBefore(history: Observed): Observed {
  return withEvents(history, (events) => {
    const event = first(events, ({ kind }) => kind === 'entity.updated')
    if (event.kind !== 'entity.updated') return events
    const before = { ...event.before, properties: { spoiled: true } }
    return events.with(events.indexOf(event), { ...event, before })
  })
}

function withOtherName(history: Observed): Observed {
  const { entities } = history.contents
  return withContents(history, { entities: entities.with(0, { ...at(entities, 0), name: 'No' }) })
}

function withOtherVersion(history: Observed): Observed {
  const { relationships } = history.contents
  const [row] = [at(relationships, -1)]
  const spoiled = { ...row, version: row.version - 1 }
  return withContents(history, { relationships: relationships.with(-1, spoiled) })
}

function withoutRow(history: Observed): Observed {
  return withContents(history, { entities: history.contents.entities.slice(1) })
}

function withoutEnd(history: Observed): Observed {
  const { events } = history.contents
  const log = new ReplayedLog(events)
  const cascaded = first(
    events,
    ({ kind, seq, from_id }) =>
      kind === 'relationship.deleted' && log.entity(from_id ?? '', seq + 1) === undefined,
  )
  return withEvents(history, (all) => all.filter((event) => event !== cascaded))
}

/** As if the database had been restored to an earlier time: consistent in itself. */
function truncated(history: Observed): Observed {
  const { head, events, commits } = history.contents
  const last = at(events, -1).commit_id
  const kept = events.filter(({ commit_id }) => commit_id !== last)
  const seq = at(kept, -1).seq
  const log = new ReplayedLog(kept)
  const ids = new Set(kept.map(({ commit_id }) => commit_id))
  return withContents(history, {
    head: { ...head, seq, schema_seq: log.schemaSeq(seq) },
    events: kept,
    commits: commits.filter(({ commit_id, answer }) => ids.has(commit_id) || answer.seq <= seq),
    entities: log.allAt('entity', seq).filter((record) => 'name_key' in record),
    relationships: log.allAt('relationship', seq).filter((record) => 'created_seq' in record),
    types: log.typesAt(seq),
  })
}

function withoutCommit(history: Observed): Observed {
  return withContents(history, { commits: history.contents.commits.slice(1) })
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
