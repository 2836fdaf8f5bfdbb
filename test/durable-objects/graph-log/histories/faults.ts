import { setTimeout as delay } from 'node:timers/promises'
import type { SqlFault, SqlFaults } from '../../../../scripts/local/sql-over-http.ts'
import type { Random } from './random.ts'

/** How often something goes wrong: probabilities, and the longest delays in milliseconds. */
export type Rates = {
  /** Of a cut before execution, and of one after it. */
  readonly cut: number
  readonly delays: readonly { readonly probability: number; readonly maxMs: number }[]
  /** Of a commit that its instance gives up while the database is still to get it. */
  readonly abandoned: number
  /** Before a call: of an eviction of the only instance, and of a second instance. */
  readonly evicted: number
  readonly doubled: number
}

/** Much traffic, and now and then a mishap. */
export const CROWDED: Rates = {
  cut: 0.02,
  delays: [
    { probability: 0.1, maxMs: 20 },
    { probability: 0.01, maxMs: 150 },
  ],
  abandoned: 0.03,
  evicted: 0.006,
  doubled: 0.008,
}

/** Hardly anything goes well: what was given up often arrives when nothing else has happened since. */
export const ROUGH: Rates = {
  cut: 0.1,
  delays: [{ probability: 0.4, maxMs: 40 }],
  abandoned: 0.4,
  evicted: 0.05,
  doubled: 0.05,
}

/** Faults of the way to the database, which can be switched off. */
export class Faults implements SqlFaults {
  isOff = false
  readonly counts = { cutBefore: 0, cutAfter: 0, delayed: 0 }
  readonly #random: Random
  readonly #rates: Rates

  constructor(random: Random, rates: Rates) {
    this.#random = random
    this.#rates = rates
  }

  async beforeExecute(): Promise<SqlFault> {
    return this.#fault('cutBefore')
  }

  async beforeRespond(): Promise<SqlFault> {
    return this.#fault('cutAfter')
  }

  async #fault(cut: 'cutBefore' | 'cutAfter'): Promise<SqlFault> {
    if (this.isOff) return undefined
    for (const { probability, maxMs } of this.#rates.delays) {
      if (!this.#random.chance(probability)) continue
      this.counts.delayed += 1
      await delay(this.#random.below(maxMs))
    }
    if (!this.#random.chance(this.#rates.cut)) return undefined
    this.counts[cut] += 1
    return 'cut'
  }
}
