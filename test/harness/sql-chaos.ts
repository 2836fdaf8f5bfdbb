import { setTimeout as delay } from 'node:timers/promises'
import type { SqlFault, SqlFaults } from '../../scripts/local/sql-over-http.ts'
import { randomFrom } from './random.ts'

export type ChaosSettings = {
  /** Probability that a request is cut before anything ran. */
  readonly cutBefore: number
  /** Probability that the answer is lost after the statement, or the COMMIT, succeeded. */
  readonly cutAfter: number
  /** The most a request waits before it runs; each waits a random part of it. */
  readonly delayMs: number
  /** The same seed gives the same sequence of faults. */
  readonly seed: number
}

const NONE: ChaosSettings = { cutBefore: 0, cutAfter: 0, delayMs: 0, seed: 1 }

/** Faults of the way to PostgreSQL that a test can change while it runs; none until `set`. */
export class SqlChaos implements SqlFaults {
  #settings = NONE
  #random = randomFrom(NONE.seed)

  set(settings: ChaosSettings): void {
    this.#settings = settings
    this.#random = randomFrom(settings.seed)
  }

  /** Statements, or batches of them, that were asked for. */
  requests = 0

  async beforeExecute(): Promise<SqlFault> {
    this.requests += 1
    const { cutBefore, delayMs } = this.#settings
    const isCut = this.#random() < cutBefore
    if (delayMs > 0) await delay(this.#random() * delayMs)
    return isCut ? 'cut' : undefined
  }

  beforeRespond(): SqlFault {
    return this.#random() < this.#settings.cutAfter ? 'cut' : undefined
  }
}
