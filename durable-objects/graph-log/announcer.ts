/** Least time between two messages of one graph: a hot one must not flood the queue. */
export const ANNOUNCE_INTERVAL_MS = 1_000

export type AnnouncerDeps = {
  /** Sends "there is something new". */
  readonly send: () => Promise<unknown>
  readonly now: () => number
  readonly pause: (ms: number) => Promise<void>
  /** Default `ANNOUNCE_INTERVAL_MS`. */
  readonly intervalMs?: number
}

/**
 * Says that there is something new, at once when nothing was said lately, and otherwise at the end of
 * the interval, however much is new by then: one message is on its way or being waited with at a time.
 * One that cannot be sent is lost, as one may be in the queue: sweeps find what it would have told.
 */
export class Announcer {
  readonly #deps: AnnouncerDeps
  readonly #intervalMs: number
  #lastAt = Number.NEGATIVE_INFINITY
  /** Something is new since the last message. */
  #isDue = false
  #isAtWork = false

  constructor(deps: AnnouncerDeps) {
    this.#deps = deps
    this.#intervalMs = deps.intervalMs ?? ANNOUNCE_INTERVAL_MS
  }

  /** Resolves, and never rejects, when all is sent; `null` when that is being seen to already. */
  announce(): Promise<void> | null {
    this.#isDue = true
    if (this.#isAtWork) return null
    this.#isAtWork = true
    return this.#work()
  }

  async #work(): Promise<void> {
    while (this.#isDue) {
      const waitMs = this.#lastAt + this.#intervalMs - this.#deps.now()
      if (waitMs > 0) await this.#deps.pause(Math.min(waitMs, this.#intervalMs))
      this.#isDue = false
      this.#lastAt = this.#deps.now()
      try {
        await this.#deps.send()
      } catch {
        // The queue is away or over its limits.
      }
    }
    this.#isAtWork = false
  }
}
