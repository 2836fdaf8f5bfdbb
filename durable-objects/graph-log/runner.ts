import type { LogHead } from '../../core/cache/log-view.ts'
import { notFound } from '../../core/errors.ts'
import { MAX_COMMANDS } from '../../core/log/commands.ts'
import { type Footprint, type GroupLimits, MAX_GROUP_BYTES } from '../../core/log/grouping.ts'
import type { CommitAnswer } from '../../core/log/requests.ts'
import { tagsOf } from '../../core/log/tags.ts'
import { Watermarks, type WatermarksOptions } from '../../core/log/watermarks.ts'
import { DatabaseError, unavailable } from '../../db/client.ts'
import { FENCE_REFUSED, type LogStore, type OpenedLog } from '../../db/log-store.ts'
import {
  type Effect,
  type Input,
  newWriter,
  step,
  type Writer,
  type WriterOptions,
} from './writer.ts'

export const GROUP_LIMITS: GroupLimits = { commands: MAX_COMMANDS, bytes: MAX_GROUP_BYTES }

const DEFAULTS: WriterOptions = { limits: GROUP_LIMITS, maxSends: 3, maxQueue: 10_000 }

/** Bytes of all requests that wait or are on their way: an object has 128 MB, copies included. */
const MAX_WAITING_BYTES = 24 * 1024 * 1024

type Waiter = { readonly resolve: (answer: CommitAnswer) => void; readonly bytes: number }

/** Which log this is, and what touched it last. */
export type RunnerHead = { readonly historyId: string; readonly watermarks: Watermarks }

type OpenWaiter = {
  readonly resolve: (head: RunnerHead) => void
  readonly reject: (error: Error) => void
}

/** What the runner has to know of a request, whichever log it is for. */
export type Sized = { readonly commitId: string; readonly fingerprint: string }

export type RunnerOptions = Partial<WriterOptions> & {
  /**
   * Rejects when this instance has been superseded; asked after every opening (C2). Otherwise an old
   * instance that reopens the log could commit what its successor has just denied.
   */
  readonly confirmInstance?: () => Promise<unknown>
  readonly watermarks?: WatermarksOptions
}

/** Carries out the writer's effects on a `LogStore` and keeps the watermarks of what it learns. */
export class LogRunner<Request extends Sized> {
  readonly #store: LogStore<Request>
  readonly #footprintOf: (request: Request) => Footprint
  readonly #options: WriterOptions
  readonly #confirmInstance: () => Promise<unknown>
  readonly #watermarksOptions: WatermarksOptions
  readonly #writer: Writer<Request> = newWriter()
  readonly #waiters = new Map<number, Waiter>()
  #waitingBytes = 0
  #openWaiters: OpenWaiter[] = []
  #head: RunnerHead | null = null
  #nextTicket = 1

  constructor(
    store: LogStore<Request>,
    footprintOf: (request: Request) => Footprint,
    { confirmInstance = async () => {}, watermarks = {}, ...options }: RunnerOptions = {},
  ) {
    this.#confirmInstance = confirmInstance
    this.#watermarksOptions = watermarks
    this.#store = store
    this.#footprintOf = footprintOf
    this.#options = { ...DEFAULTS, ...options }
  }

  /** What this instance knows of its log without asking anybody; `null` before it was opened. */
  get head(): RunnerHead | null {
    return this.#head
  }

  /**
   * What changed after `since`, from a log that reaches at least `atLeast` or is asked of the
   * database first. Answered synchronously from memory where that suffices: the platform has then
   * just checked that this is the only instance (C2).
   */
  watermarks(since: number, atLeast: number): LogHead | Promise<LogHead> {
    const head = this.#head
    const reaches = head !== null && head.watermarks.head >= Math.max(since, atLeast)
    return reaches ? headSince(head, since) : this.#reloaded(since, atLeast)
  }

  /** Resolves with the answer; never rejects for anything that the database may do. */
  submit(request: Request): Promise<CommitAnswer> {
    const ticket = this.#nextTicket
    this.#nextTicket += 1
    const { fingerprint } = request
    const footprint = this.#footprintOf(request)
    const { bytes } = footprint
    if (this.#waiters.size > 0 && this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      return Promise.resolve({ status: 'outcome_unknown', reason: 'too many writes are waiting' })
    }
    return new Promise((resolve) => {
      this.#waiters.set(ticket, { resolve, bytes })
      this.#waitingBytes += bytes
      this.#feed({
        type: 'submitted',
        submission: { ticket, request, footprint, fingerprint, sends: 0 },
      })
    })
  }

  /** The head, at least `seq`: the log is opened again when this instance has fallen behind (C2). */
  async headFrom(seq: number): Promise<RunnerHead> {
    const known = this.#head
    if (known && known.watermarks.head >= seq) return known
    return new Promise((resolve, reject) => {
      this.#openWaiters.push({ resolve, reject })
      this.#feed({ type: 'head_wanted' })
    })
  }

  /** An opening ends with a look whether this is still the only instance. */
  async #reloaded(since: number, atLeast: number): Promise<LogHead> {
    return headSince(await this.headFrom(Math.max(since, atLeast)), since)
  }

  #feed(input: Input<Request>): void {
    for (const effect of step(this.#writer, input, this.#options)) this.#carryOut(effect)
  }

  #carryOut(effect: Effect<Request>): void {
    switch (effect.do) {
      case 'answer':
        this.#answer(effect.ticket, effect.answer)
        return
      case 'open':
        void this.#open(effect.commitIds)
        return
      case 'commit':
        void this.#commit(effect.fence, effect.group)
        return
    }
  }

  #answer(ticket: number, answer: CommitAnswer): void {
    const waiter = this.#waiters.get(ticket)
    if (!waiter) return
    this.#waiters.delete(ticket)
    this.#waitingBytes -= waiter.bytes
    waiter.resolve(answer)
  }

  async #open(commitIds: readonly string[]): Promise<void> {
    const waiters = this.#openWaiters
    this.#openWaiters = []
    try {
      const log = await this.#store.open(commitIds)
      await this.#confirmInstance()
      const head = log && {
        historyId: log.historyId,
        watermarks: rebuild(log, this.#watermarksOptions),
      }
      this.#head = head
      for (const { resolve, reject } of waiters) {
        if (head) resolve(head)
        else reject(notFound('this graph'))
      }
      this.#feed({ type: 'opened', log })
    } catch (error) {
      this.#head = null
      for (const { reject } of waiters) reject(unavailable(error))
      this.#feed({ type: 'open_failed', reason: reasonOf(error) })
    }
  }

  async #commit(
    fence: Extract<Effect<Request>, { do: 'commit' }>['fence'],
    group: readonly Request[],
  ): Promise<void> {
    try {
      const result = await this.#store.commit(fence, group)
      for (const event of result.events) this.#head?.watermarks.touch(tagsOf(event), event.seq)
      this.#feed({ type: 'committed', result })
    } catch (error) {
      this.#feed(failureOf(error))
    }
  }
}

/** What changed after `since`, as an isolate wants to know it. */
export function headSince({ historyId, watermarks }: RunnerHead, since: number): LogHead {
  return { historyId, watermarks: watermarks.since(since) }
}

/** Every bucket that no read event touched takes the oldest seq read: it may have been touched then. */
function rebuild(log: OpenedLog, options: WatermarksOptions): Watermarks {
  const oldest = log.recent[0]?.seq ?? log.fence.seq + 1
  const watermarks = new Watermarks(oldest - 1, options)
  for (const event of log.recent) watermarks.touch(tagsOf(event), event.seq)
  if (watermarks.head < log.fence.seq) watermarks.touch([], log.fence.seq)
  return watermarks
}

function failureOf<Request>(error: unknown): Input<Request> {
  const reason = reasonOf(error)
  if (!(error instanceof DatabaseError) || !error.certain) return { type: 'lost', reason }
  return error.sqlState === FENCE_REFUSED ? { type: 'fenced' } : { type: 'rejected', reason }
}

/** Short and without data: a server's message may quote a value. */
function reasonOf(error: unknown): string {
  if (error instanceof DatabaseError && error.sqlState) return `SQLSTATE ${error.sqlState}`
  return 'the database did not answer'
}
