import type { GraphRequest } from '../../../../core/log/requests.ts'
import type { Fence, OpenedLog, StoredAnswer } from '../../../../db/log-store.ts'
import type { Effect, Input } from '../../../../durable-objects/graph-log/writer.ts'
import type { Call } from './calls.ts'
import { type Entry, isAllowed, rowsOf } from './entries.ts'
import { Violation } from './violation.ts'

/** The log's truth: the row that the fence looks at, and the log, from which all else follows. */
export type ModelDatabase = Fence & { readonly log: readonly Entry[] }

/** What the database and the writer hold to. Taking one away must break an invariant. */
export type Rules = {
  /** C1: a commit of an earlier term is refused. */
  readonly fencesTerm: boolean
  /** C1: looking a commit up raises the term first. */
  readonly raisesTermToLook: boolean
  /** C3: commit ids are remembered with their answers. */
  readonly remembersCommitIds: boolean
}

export const ALL_RULES: Rules = {
  fencesTerm: true,
  raisesTermToLook: true,
  remembersCommitIds: true,
}

export type DatabaseEffect = Exclude<Effect<GraphRequest>, { do: 'answer' }>

/** The epoch that the model's instances are for. */
const EPOCH = 1

export function newDatabase(): ModelDatabase {
  return { seq: 0, epoch: EPOCH, term: 0, log: [] }
}

/** Carries out what an instance asked for, as one transaction; the reply is for who waits for it. */
export function apply(
  database: ModelDatabase,
  effect: DatabaseEffect,
  calls: readonly Call[],
  rules: Rules,
): { readonly database: ModelDatabase; readonly reply: Input<GraphRequest> } {
  return effect.do === 'open'
    ? open(database, effect.commitIds, rules)
    : commit(database, effect.fence, effect.group, calls, rules)
}

/** Once a fence refuses, it refuses for good: seq, epoch and term only grow. */
export function passesFence(database: ModelDatabase, fence: Fence, rules: Rules): boolean {
  const { seq, epoch, term } = database
  return fence.seq === seq && fence.epoch === epoch && (fence.term === term || !rules.fencesTerm)
}

function open(database: ModelDatabase, commitIds: readonly string[], rules: Rules) {
  if (database.epoch !== EPOCH) return { database, reply: { type: 'opened', log: null } as const }
  const raises = rules.raisesTermToLook || commitIds.length === 0
  const opened = { ...database, term: database.term + (raises ? 1 : 0) }
  const { seq, epoch, term } = opened
  const known = commitIds.flatMap((commitId): [string, StoredAnswer][] => {
    const answer = storedAnswer(database, commitId, rules)
    return answer ? [[commitId, { fingerprint: '', answer }]] : []
  })
  const log: OpenedLog = {
    ...{ fence: { seq, epoch, term }, historyId: 'h', known: new Map(known), recent: [] },
  }
  return { database: opened, reply: { type: 'opened', log } as const }
}

/** Like the real statement, it judges every request of the group against the same snapshot. */
function commit(
  snapshot: ModelDatabase,
  fence: Fence,
  group: readonly GraphRequest[],
  calls: readonly Call[],
  rules: Rules,
) {
  if (!passesFence(snapshot, fence, rules)) {
    return { database: snapshot, reply: { type: 'fenced' } as const }
  }
  const { seq: head, log } = snapshot
  const changeOf = ({ commitId }: GraphRequest) =>
    calls.find(({ request }) => request.commitId === commitId)?.change
  if (group.some((request) => changeOf(request)?.does === 'break')) {
    return { database: snapshot, reply: { type: 'rejected', reason: '' } as const }
  }
  const appended: Entry[] = []
  const rows: string[] = []
  const answers = group.map((request) => {
    const { commitId } = request
    const first = storedAnswer(snapshot, commitId, rules)
    if (first) return { ...first, replayed: true }
    const change = changeOf(request)
    if (!change || !isAllowed(log, change)) {
      return { status: 'refused', seq: head, refusals: [] } as const
    }
    appended.push({ seq: head + appended.length + 1, commitId, change })
    rows.push(...rowsOf(log, commitId, change))
    return committed(head + appended.length)
  })
  if (new Set(rows).size < rows.length) {
    throw new Violation(`I6: one statement writes a row twice: ${rows.join()}`)
  }
  const seq = head + appended.length
  const database = { ...snapshot, seq, log: [...log, ...appended] }
  return { database, reply: { type: 'committed', result: { seq, answers, events: [] } } as const }
}

function storedAnswer(database: ModelDatabase, commitId: string, rules: Rules) {
  const entry = database.log.find((each) => each.commitId === commitId)
  return entry && rules.remembersCommitIds ? committed(entry.seq) : undefined
}

function committed(seq: number): StoredAnswer['answer'] {
  return { status: 'committed', seq, historyId: 'h', replayed: false, results: [] }
}
