import type { Entry, Held } from './entry.ts'
import type { CacheEvent } from './events.ts'
import type { MemoryTier } from './memory.ts'
import type { Waiting } from './single-flight.ts'
import type { Tier, TierName } from './tier.ts'

export type Source = TierName | 'origin'

/** A value found in a tier, or just loaded. */
export type Found<T> = { readonly held: Held<T>; readonly source: Source }

export type CacheParts = {
  readonly memory: MemoryTier
  /** Beyond memory, the nearest first; a function is called when the first is needed. */
  readonly tiers: readonly Tier[] | (() => readonly Tier[])
  readonly waiting: Waiting
  readonly onEvent: (event: CacheEvent) => void
}

/** Tiers in a row. It knows nothing of freshness: who asks says what is good enough. */
export class Cache {
  readonly #parts: CacheParts

  #far: readonly Tier[] | null = null

  constructor(parts: CacheParts) {
    this.#parts = parts
  }

  get #tiers(): readonly Tier[] {
    const { tiers } = this.#parts
    this.#far ??= typeof tiers === 'function' ? tiers() : tiers
    return this.#far
  }

  /**
   * The value of each key from the nearest tier that has a good one. What a far tier gave is kept in
   * the nearer ones. Keys name one kind of data, whose values are `T`.
   */
  async find<T>(
    keys: readonly string[],
    isGood: (held: Held<T>) => boolean,
  ): Promise<(Found<T> | null)[]> {
    const found = keys.map((key) => this.findInMemory<T>(key, isGood))
    for (const [distance, tier] of this.#tiers.entries()) {
      const missing = found.flatMap((each, i) => (each === null ? [i] : []))
      if (missing.length === 0) break
      const entries = await this.#get(
        tier,
        missing.map((i) => keys[i] ?? ''),
      )
      const kept: [string, Entry<unknown>][] = []
      for (const [at, i] of missing.entries()) {
        const [key, entry] = [keys[i] ?? '', entries[at]]
        if (!entry) continue
        const held: Held<T> = { ...(entry as Entry<T>), upTo: entry.seq, knownAt: -Infinity }
        if (!isGood(held)) continue
        this.#parts.memory.set(key, held)
        kept.push([key, entry])
        found[i] = { held, source: tier.name }
      }
      if (distance > 0 && kept.length > 0) this.#write(this.#tiers.slice(0, distance), kept)
    }
    return found
  }

  findInMemory<T>(key: string, isGood: (held: Held<T>) => boolean): Found<T> | null {
    const held = this.#parts.memory.get(key) as Held<T> | undefined
    return held && isGood(held) ? { held, source: 'memory' } : null
  }

  /** What memory has, good or not: for answers better stale than none. */
  peek<T>(key: string): Held<T> | null {
    return (this.#parts.memory.get(key) as Held<T> | undefined) ?? null
  }

  /** Keeps what was loaded in every tier; the far ones are written after the answer. */
  store(entries: readonly (readonly [key: string, held: Held<unknown>])[]): void {
    for (const [key, held] of entries) this.#parts.memory.set(key, held)
    this.#write(
      this.#tiers,
      entries.map(([key, { kind, seq, tags, value, bytes }]): [string, Entry<unknown>] => [
        key,
        { kind, seq, tags, value, bytes },
      ]),
    )
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#parts.memory.delete(key)
    await Promise.allSettled(this.#tiers.map((tier) => tier.delete(keys)))
  }

  #write(tiers: readonly Tier[], entries: [string, Entry<unknown>][]): void {
    for (const tier of tiers) {
      const writing = tier.set(entries).catch(() => this.#failed(tier))
      this.#parts.waiting.waitUntil(writing)
    }
  }

  /** A tier that fails is skipped: the next one, or the origin, has the value too. */
  async #get(tier: Tier, keys: readonly string[]): Promise<readonly (Entry<unknown> | null)[]> {
    try {
      return await tier.get(keys)
    } catch {
      // Anything a service beyond the network may do; its breaker counts it.
      this.#failed(tier)
      return []
    }
  }

  #failed(tier: Tier): void {
    this.#parts.onEvent({ type: 'tier_failed', tier: tier.name })
  }
}
