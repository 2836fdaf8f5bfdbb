import type { StoredEvent } from '../../../harness/graph-log/contents.ts'
import { ReplayedLog } from '../../../harness/graph-log/replayed-log.ts'
import type { Observed } from './attempts.ts'
import { at, first, type Spoiled } from './spoil.ts'

/** What is stored is not what was written. */
export const SPOILED_LOGS: readonly Spoiled[] = [
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
]

function withContents(history: Observed, change: Partial<Observed['contents']>): Observed {
  return { ...history, contents: { ...history.contents, ...change } }
}

function withEvents(history: Observed, change: (events: StoredEvent[]) => StoredEvent[]): Observed {
  return withContents(history, { events: change([...history.contents.events]) })
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
  const row = at(relationships, -1)
  const spoiled = relationships.with(-1, { ...row, version: row.version - 1 })
  return withContents(history, { relationships: spoiled })
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
    tasks: log
      .typesAt(seq)
      .map(({ kind, name, version }) => ({ kind, name, task: 'check', since_seq: version })),
  })
}

function withoutCommit(history: Observed): Observed {
  return withContents(history, { commits: history.contents.commits.slice(1) })
}
