import type { Entry } from '../../../core/cache/entry.ts'
import type { Tier, TierName } from '../../../core/cache/tier.ts'
import type { Random } from '../../durable-objects/graph-log/histories/random.ts'
import type { IsolateContext } from './isolate.ts'
import type { Scheduler } from './scheduler.ts'
import { type Delay, delayMs, type Weather } from './weather.ts'

type Stored = Entry<unknown>

/**
 * What is behind a tier: a service that loses and keeps what it likes, gives back what it had before,
 * carries out writes in any order, is slow, and may be down.
 */
export class TierService {
  isDown = false
  readonly #scheduler: Scheduler
  readonly #random: Random
  readonly #chances: Weather['chances']
  readonly #delay: Delay
  /** Everything that ever was under a key, the newest last. */
  #entries = new Map<string, Stored[]>()

  constructor(scheduler: Scheduler, random: Random, chances: Weather['chances'], delay: Delay) {
    this.#scheduler = scheduler
    this.#random = random
    this.#chances = chances
    this.#delay = delay
  }

  flush(): void {
    this.#entries = new Map()
  }

  /** The tier as one request reaches it. */
  reachedFrom(context: IsolateContext, name: TierName): Tier {
    return {
      name,
      get: (keys) => {
        // What is there may be looked up at the beginning of the wait or at its end.
        const early = this.#random.chance(0.5) ? this.#lookUp(keys) : null
        return context.after(delayMs(this.#random, this.#delay), () => {
          this.#mayFail()
          return early ?? this.#lookUp(keys)
        })
      },
      set: (entries) => {
        this.#scheduler.schedule(delayMs(this.#random, this.#delay), () => this.#keep(entries))
        return context.after(delayMs(this.#random, this.#delay), () => this.#mayFail())
      },
      delete: async (keys) => {
        for (const key of keys) this.#entries.delete(key)
      },
    }
  }

  #mayFail(): void {
    if (this.isDown || this.#random.chance(this.#chances.tierFails)) throw new Error('no tier')
  }

  #lookUp(keys: readonly string[]): (Stored | null)[] {
    const { tierEmpty, tierOld } = this.#chances
    return keys.map((key) => {
      const stored = this.#entries.get(key)
      if (!stored || this.#random.chance(tierEmpty)) return null
      return this.#random.chance(tierOld) ? this.#random.pick(stored) : (stored.at(-1) ?? null)
    })
  }

  #keep(entries: readonly (readonly [key: string, entry: Stored])[]): void {
    if (this.isDown || this.#random.chance(this.#chances.setLost)) return
    for (const [key, entry] of entries) {
      const stored = this.#entries.get(key)
      if (stored) stored.push(entry)
      else this.#entries.set(key, [entry])
    }
  }
}
