import type { TierName } from '../../core/cache/tier.ts'

const NEVER = -1

/**
 * What a cache could do that knows everything and forgets nothing: it misses only the first read of a
 * value in its reach, and the first after a real change.
 */
export class Oracle {
  readonly #changedAt: Float64Array
  readonly #reaches: readonly { readonly tier: TierName; readonly readAt: Float64Array[] }[]
  readonly hits: Record<TierName, number> = { memory: 0, edge: 0, redis: 0 }
  #time = 0

  /** `places`: how many of each tier there are. */
  constructor(values: number, places: Readonly<Record<TierName, number>>) {
    this.#changedAt = new Float64Array(values).fill(NEVER)
    this.#reaches = (['memory', 'edge', 'redis'] as const).map((tier) => ({
      tier,
      readAt: Array.from({ length: places[tier] }, () => new Float64Array(values).fill(NEVER)),
    }))
  }

  change(value: number): void {
    this.#time += 1
    this.#changedAt[value] = this.#time
  }

  /** A read by a reader whose tiers are these. Hits of a tier are also counted for those beyond it. */
  read(value: number, at: Readonly<Record<TierName, number>>): void {
    this.#time += 1
    let hasIt = false
    for (const { tier, readAt } of this.#reaches) {
      const reads = readAt[at[tier]]
      if (!reads) continue
      const last = reads[value] ?? NEVER
      hasIt ||= last !== NEVER && last > (this.#changedAt[value] ?? NEVER)
      if (hasIt) this.hits[tier] += 1
      reads[value] = this.#time
    }
  }
}
