import type { EventHeader } from '../core/log/events.ts'
import type { CommitAnswer } from '../core/log/requests.ts'

/** What a commit must find in the log's row (C1): anything else, and it writes nothing. */
export type Fence = {
  readonly seq: number
  readonly epoch: number
  readonly term: number
}

/** The log as an object that just raised its term found it. */
export type OpenedLog = {
  readonly fence: Fence
  readonly historyId: string
  /** Answers already given to the commit ids that were asked for. */
  readonly known: ReadonlyMap<string, StoredAnswer>
  /** The newest events, oldest first, from which the watermarks are rebuilt. */
  readonly recent: readonly EventHeader[]
}

export type StoredAnswer = {
  readonly fingerprint: string
  readonly answer: Extract<CommitAnswer, { status: 'committed' }>
}

/** What became of a group: one answer per request, in order, and the events that were appended. */
export type CommittedGroup = {
  readonly seq: number
  readonly answers: readonly CommitAnswer[]
  readonly events: readonly EventHeader[]
}

/**
 * The log's truth in PostgreSQL. Both calls are one round trip and one transaction, and reject with
 * a `DatabaseError`; a refused fence is a certain one with SQLSTATE `FENCE_REFUSED`.
 */
export type LogStore<Request> = {
  /** Raises the term, so that nothing sent before can commit any more. `null`: no such log. */
  open(commitIds: readonly string[]): Promise<OpenedLog | null>
  commit(fence: Fence, group: readonly Request[]): Promise<CommittedGroup>
}

/** SQLSTATE raised by the fence; class `TD` is ours. */
export const FENCE_REFUSED = 'TDF01'

/** SQLSTATE raised when a commit would leave the tables and the log in disagreement. */
export const COMMIT_INCONSISTENT = 'TDC01'

/** How many of the newest events rebuild the watermarks; older buckets take the oldest seq read. */
export const RECENT_EVENTS = 2_000
