import { type Footprint, type GroupLimits, groupLength } from '../../core/log/grouping.ts'
import type { CommitAnswer } from '../../core/log/requests.ts'
import type { CommittedGroup, Fence, OpenedLog, StoredAnswer } from '../../db/log-store.ts'

/**
 * The log's writer as a state machine without I/O or time: inputs in, effects out. At most one
 * effect on the database is under way; while it is, requests wait and form the next group.
 */
export type Writer<Request> = {
  phase: Phase<Request>
  queue: Submission<Request>[]
  /** Somebody knows of a later head than this instance: the log is opened again when idle. */
  mustOpen: boolean
}

type Phase<Request> =
  | { readonly at: 'closed' }
  /**
   * Raising the term; `doubtful` requests were sent before, and for `reason` it is not known whether
   * they are committed.
   */
  | {
      readonly at: 'opening'
      readonly doubtful: readonly Submission<Request>[]
      readonly reason: string
    }
  | { readonly at: 'ready'; readonly fence: Fence }
  | {
      readonly at: 'committing'
      readonly fence: Fence
      readonly group: readonly Submission<Request>[]
    }

/** A request that somebody waits for; `ticket` names the waiter. */
export type Submission<Request> = {
  readonly ticket: number
  readonly request: Request
  readonly footprint: Footprint
  readonly fingerprint: string
  /** How often it was sent without an answer being known. */
  readonly sends: number
}

export type Input<Request> =
  | { readonly type: 'submitted'; readonly submission: Submission<Request> }
  /** The head as the database has it is wanted. */
  | { readonly type: 'head_wanted' }
  | { readonly type: 'opened'; readonly log: OpenedLog | null }
  /** The term may or may not have been raised. */
  | { readonly type: 'open_failed'; readonly reason: string }
  | { readonly type: 'committed'; readonly result: CommittedGroup }
  /** The fence refused: another instance has raised the term, or the log has moved. */
  | { readonly type: 'fenced' }
  /** The database refused the statement and rolled back. */
  | { readonly type: 'rejected'; readonly reason: string }
  /** No answer: the group may be committed now, later, or never. */
  | { readonly type: 'lost'; readonly reason: string }

export type Effect<Request> =
  | { readonly do: 'open'; readonly commitIds: readonly string[] }
  | { readonly do: 'commit'; readonly fence: Fence; readonly group: readonly Request[] }
  | { readonly do: 'answer'; readonly ticket: number; readonly answer: CommitAnswer }

export type WriterOptions = {
  readonly limits: GroupLimits
  /** How often a request is sent at most. */
  readonly maxSends: number
  /** Requests that may wait; one more is told to come back. */
  readonly maxQueue: number
}

export function newWriter<Request>(): Writer<Request> {
  return { phase: { at: 'closed' }, queue: [], mustOpen: false }
}

/** Advances `writer` in place and returns what has to be done now. */
export function step<Request>(
  writer: Writer<Request>,
  input: Input<Request>,
  options: WriterOptions,
): Effect<Request>[] {
  return [...react(writer, input, options), ...pump(writer, options)]
}

function react<Request>(
  writer: Writer<Request>,
  input: Input<Request>,
  options: WriterOptions,
): Effect<Request>[] {
  switch (input.type) {
    case 'submitted':
      if (writer.queue.length >= options.maxQueue) {
        return [answer(input.submission, unknown('too many writes are waiting'))]
      }
      writer.queue.push(input.submission)
      return []
    case 'head_wanted':
      writer.mustOpen = true
      return []
    case 'opened':
      return opened(writer, input.log, options)
    case 'open_failed':
      return openFailed(writer, input.reason)
    case 'committed': {
      const { fence, group } = expectPhase(writer, 'committing')
      writer.phase = { at: 'ready', fence: { ...fence, seq: input.result.seq } }
      return group.map((submission, i) =>
        answer(submission, input.result.answers[i] ?? unknown('no answer')),
      )
    }
    case 'fenced':
    case 'lost': {
      const { group } = expectPhase(writer, 'committing')
      const reason = input.type === 'lost' ? input.reason : 'another instance has the log'
      return lookUp(writer, group.map(sentOnceMore), reason)
    }
    case 'rejected':
      return rejected(writer, input.reason, options)
  }
}

function opened<Request>(
  writer: Writer<Request>,
  log: OpenedLog | null,
  options: WriterOptions,
): Effect<Request>[] {
  const { doubtful, reason } = expectPhase(writer, 'opening')
  if (log === null) {
    const waiting = [...doubtful, ...writer.queue]
    writer.phase = { at: 'closed' }
    writer.queue = []
    return waiting.map((submission) => answer(submission, { status: 'no_such_log' }))
  }
  writer.phase = { at: 'ready', fence: log.fence }
  const effects: Effect<Request>[] = []
  const again: Submission<Request>[] = []
  for (const submission of doubtful) {
    const stored = log.known.get(submission.footprint.commitId)
    if (stored) effects.push(answer(submission, firstAnswer(stored, submission.fingerprint)))
    else if (submission.sends < options.maxSends) again.push(submission)
    else effects.push(answer(submission, { status: 'not_committed', reason }))
  }
  writer.queue.unshift(...again)
  return effects
}

function openFailed<Request>(writer: Writer<Request>, reason: string): Effect<Request>[] {
  const { doubtful } = expectPhase(writer, 'opening')
  const waiting = [...doubtful, ...writer.queue]
  writer.phase = { at: 'closed' }
  writer.queue = []
  return waiting.map((submission) => answer(submission, unknown(reason)))
}

/** One request's fault must not fail the others of its group: each is tried alone. */
function rejected<Request>(
  writer: Writer<Request>,
  reason: string,
  options: WriterOptions,
): Effect<Request>[] {
  const { fence, group } = expectPhase(writer, 'committing')
  const [only, ...others] = group
  if (only && others.length === 0) {
    return lookUp(writer, [{ ...only, sends: options.maxSends }], reason)
  }
  writer.phase = { at: 'ready', fence }
  writer.queue.unshift(
    ...group.map((submission) => ({
      ...submission,
      footprint: { ...submission.footprint, alone: true },
    })),
  )
  return []
}

/** Starts the next effect on the database, if there is work and none is under way. */
function pump<Request>(writer: Writer<Request>, options: WriterOptions): Effect<Request>[] {
  const { phase, queue } = writer
  const isIdle = phase.at === 'closed' || phase.at === 'ready'
  if (isIdle && (writer.mustOpen || (phase.at === 'closed' && queue.length > 0))) {
    writer.mustOpen = false
    return lookUp(writer, [], '')
  }
  if (phase.at === 'ready' && queue.length > 0) {
    const length = groupLength(
      queue.map((submission) => submission.footprint),
      options.limits,
    )
    const group = queue.splice(0, length)
    writer.phase = { at: 'committing', fence: phase.fence, group }
    return [{ do: 'commit', fence: phase.fence, group: group.map(({ request }) => request) }]
  }
  return []
}

/** The first answer again (C3), or a complaint that the same id came with another request. */
export function firstAnswer(stored: StoredAnswer, fingerprint: string): CommitAnswer {
  return stored.fingerprint === fingerprint ? stored.answer : { status: 'fingerprint_mismatch' }
}

function sentOnceMore<Request>(submission: Submission<Request>): Submission<Request> {
  return { ...submission, sends: submission.sends + 1 }
}

/**
 * Opens the log and looks up what became of `doubtful`. C1: that raises the term first, so nothing
 * sent earlier can commit after the look.
 */
function lookUp<Request>(
  writer: Writer<Request>,
  doubtful: readonly Submission<Request>[],
  reason: string,
): Effect<Request>[] {
  writer.phase = { at: 'opening', doubtful, reason }
  return [{ do: 'open', commitIds: doubtful.map(({ footprint }) => footprint.commitId) }]
}

function answer<Request>(submission: Submission<Request>, given: CommitAnswer): Effect<Request> {
  return { do: 'answer', ticket: submission.ticket, answer: given }
}

/**
 * Whoever was not just looked up may be a repeat of a call that another instance, or this one
 * earlier, has sent (C3): that nothing is or will be written can only be said after a look.
 */
function unknown(reason: string): CommitAnswer {
  return { status: 'outcome_unknown', reason }
}

function expectPhase<Request, At extends Phase<Request>['at']>(
  writer: Writer<Request>,
  at: At,
): Extract<Phase<Request>, { at: At }> {
  const { phase } = writer
  if (!isPhase(phase, at)) throw new Error(`the writer is ${phase.at}, not ${at}`)
  return phase
}

function isPhase<Request, At extends Phase<Request>['at']>(
  phase: Phase<Request>,
  at: At,
): phase is Extract<Phase<Request>, { at: At }> {
  return phase.at === at
}
