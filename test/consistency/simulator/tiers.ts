import type { Entry } from '../../../core/cache/entry.ts'
import { LEASE_MS } from '../../../core/cache/lease.ts'
import type { Claim, LeasingTier, Tier, TierName } from '../../../core/cache/tier.ts'
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
  /** When each lease ends, by key. */
  readonly #leases = new Map<string, number>()

  constructor(scheduler: Scheduler, random: Random, chances: Weather['chances'], delay: Delay) {
    this.#scheduler = scheduler
    this.#random = random
    this.#chances = chances
    this.#delay = delay
  }

  flush(): void {
    this.#entries = new Map()
    this.#leases.clear()
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
      ...(name === 'redis' && { leases: this.#leasesFrom(context) }),
    }
  }

  /** One isolate loads for all, until it gives the lease back or the time of that is over. */
  #leasesFrom(context: IsolateContext): LeasingTier {
    return {
      claim: (key, above) =>
        context.after(delayMs(this.#random, this.#delay), (): Claim => {
          this.#mayFail()
          const entry = this.#lookUp([key])[0] ?? null
          if (entry && entry.seq > above) return { is: 'found', entry }
          const now = this.#scheduler.now
          if ((this.#leases.get(key) ?? 0) > now) return { is: 'taken' }
          this.#leases.set(key, now + LEASE_MS)
          return { is: 'ours' }
        }),
      release: (keys) =>
        context.after(delayMs(this.#random, this.#delay), () => {
          this.#mayFail()
          for (const key of keys) this.#leases.delete(key)
        }),
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
      this.#leases.delete(key)
      const stored = this.#entries.get(key)
      if (stored) stored.push(entry)
      else this.#entries.set(key, [entry])
    }
  }
}
