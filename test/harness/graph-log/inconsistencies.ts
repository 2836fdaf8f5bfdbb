import { isDeepStrictEqual } from 'node:util'
import { isTypeEvent } from '../../../core/log/events.ts'
import type { OpResult, Outcome } from '../../../core/log/requests.ts'
import {
  type GraphContents,
  isStoredTypeEvent,
  type StoredCommit,
  type StoredEvent,
  type StoredTask,
  type StoredTypeEvent,
} from './contents.ts'
import { eventProblems } from './event-problems.ts'
import { ReplayedLog } from './replayed-log.ts'

/**
 * Everything that does not fit together in what is stored of a graph: the log in itself, the log and
 * the tables, the log and the answers that were given. Empty when all is well.
 */
export function inconsistencies(contents: GraphContents): string[] {
  const log = new ReplayedLog(contents.events)
  return [
    ...eventProblems(contents.events, log),
    ...headProblems(contents),
    ...tableProblems(contents, log),
    ...taskProblems(contents),
    ...commitProblems(contents, log),
  ]
}

function headProblems({ head, events }: GraphContents): string[] {
  const lastSeq = events.at(-1)?.seq ?? 0
  const lastSchemaSeq = events.findLast(({ kind }) => isTypeEvent(kind))?.seq ?? 0
  return [
    ...(head.seq === lastSeq ? [] : [`the head is ${head.seq}, the last event ${lastSeq}`]),
    ...(head.schema_seq === lastSchemaSeq
      ? []
      : [`the schema seq is ${head.schema_seq}, the last type event ${lastSchemaSeq}`]),
  ]
}

function tableProblems({ head, ...tables }: GraphContents, log: ReplayedLog): string[] {
  const idOf = ({ id }: { id: string }) => id
  return [
    ...differences('entity', tables.entities, log.allAt('entity', head.seq), idOf),
    ...differences('relationship', tables.relationships, log.allAt('relationship', head.seq), idOf),
    ...differences('type', tables.types, log.typesAt(head.seq), ({ kind, name }) => kind + name),
  ]
}

function differences<Row, Replayed>(
  what: string,
  rows: readonly Row[],
  replayed: readonly Replayed[],
  keyOf: (row: Row | Replayed) => string,
): string[] {
  const expected = new Map(replayed.map((row) => [keyOf(row), row]))
  const problems = rows
    .filter((row) => !isDeepStrictEqual(row, expected.get(keyOf(row))))
    .map((row) => `${what} ${keyOf(row)} is not what its events say`)
  const keys = new Set(rows.map(keyOf))
  const missing = [...expected.keys()].filter((key) => !keys.has(key))
  return [...problems, ...missing.map((key) => `${what} ${key} has events but no row`)]
}

function commitProblems({ head, commits, events }: GraphContents, log: ReplayedLog): string[] {
  const byCommit = Map.groupBy(events, ({ commit_id }) => commit_id)
  const strays = [...byCommit.keys()].filter(
    (id) => !commits.some(({ commit_id }) => commit_id === id),
  )
  return [
    ...strays.map((id) => `commit ${id} has events but no answer`),
    ...commits.flatMap((commit) => {
      const own = byCommit.get(commit.commit_id) ?? []
      const { answer } = commit
      const problems = [...runProblems(own), ...resultProblems(commit, own, log)]
      if (answer.historyId !== head.history_id) problems.push('names another history')
      if (answer.replayed) problems.push('is stored as a replay')
      if (answer.seq > head.seq || answer.seq < (own.at(-1)?.seq ?? 0)) {
        problems.push(`says seq ${answer.seq}`)
      }
      return problems.map((problem) => `commit ${commit.commit_id} ${problem}`)
    }),
  ]
}

/** The events of one commit stand together, and entities go after their relationships. */
function runProblems(events: readonly StoredEvent[]): string[] {
  const [first] = events
  const isRun = events.every(({ seq }, i) => seq === (first?.seq ?? 0) + i)
  return isRun ? [] : ['has events that do not stand together']
}

function resultProblems(
  { answer }: StoredCommit,
  events: readonly StoredEvent[],
  log: ReplayedLog,
): string[] {
  const unexplained = new Map(events.map((event) => [event.seq, event]))
  const problems = answer.results.flatMap((result) => {
    const problem = resultProblem(result, answer.seq, unexplained, log)
    return problem === null ? [] : [`${problem}: ${JSON.stringify(result)}`]
  })
  const deleted = new Set(
    events.filter(({ kind }) => kind === 'entity.deleted').map((event) => event.subject_id),
  )
  for (const { seq, kind, from_id, to_id } of unexplained.values()) {
    const isCascade =
      kind === 'relationship.deleted' && (deleted.has(from_id) || deleted.has(to_id))
    if (!isCascade) problems.push(`has the event ${seq} that its answer does not tell of`)
  }
  return problems
}

function resultProblem(
  result: OpResult,
  seq: number,
  unexplained: Map<number, StoredEvent>,
  log: ReplayedLog,
): string | null {
  if ('refused' in result) return null
  if (result.outcome === 'unchanged') {
    // Other requests of its group may have changed the record since: all are judged at one seq.
    const then = Math.min(result.version, seq)
    const record = log.entity(result.id, then) ?? log.relationship(result.id, then)
    const isThat =
      record?.version === result.version &&
      record.created_at === result.createdAt &&
      record.updated_at === result.updatedAt
    return isThat ? null : 'calls unchanged what never was like that'
  }
  const event = unexplained.get(result.version)
  unexplained.delete(result.version)
  const times = event?.after ?? event?.before ?? null
  const isThat =
    event !== undefined &&
    (isStoredTypeEvent(event)
      ? event.type === result.id && result.outcome === typeOutcome(event)
      : event.subject_id === result.id && event.kind.endsWith(`.${result.outcome}`)) &&
    result.createdAt === times?.created_at &&
    result.updatedAt === event.at
  return isThat ? null : 'tells of an event that is not there'
}

function typeOutcome({ before, after }: StoredTypeEvent): Outcome {
  if (after === null) return 'deleted'
  return before === null ? 'created' : 'updated'
}

/** The work left is what the types as they are make necessary, and removing what nobody declares. */
function taskProblems({ types, tasks, events }: GraphContents): string[] {
  const nameOf = ({ kind, name, task }: Omit<StoredTask, 'since_seq'>) => `${kind} ${name} ${task}`
  const needed = types.flatMap(({ kind, name, change, indexes }) => [
    ...(change?.status === 'checking' ? [nameOf({ kind, name, task: 'check' })] : []),
    ...indexes
      .filter(({ status }) => status === 'building')
      .map(({ id }) => nameOf({ kind, name, task: `build:${id}` })),
  ])
  const declared = new Set(types.flatMap(({ indexes }) => indexes.map(({ id }) => `drop:${id}`)))
  const there = new Set(tasks.map(nameOf))
  const isOfType = ({ since_seq, name }: StoredTask) => {
    const event = events[since_seq - 1]
    return event !== undefined && isTypeEvent(event.kind) && event.type === name
  }
  return [
    ...needed.filter((name) => !there.has(name)).map((name) => `the task ${name} is missing`),
    ...tasks
      .filter((task) =>
        task.task.startsWith('drop:') ? declared.has(task.task) : !needed.includes(nameOf(task)),
      )
      .map((task) => `the task ${nameOf(task)} has nothing to do`),
    ...tasks
      .filter((task) => !isOfType(task))
      .map((task) => `the task ${nameOf(task)} began at ${task.since_seq}, without an event`),
  ]
}
