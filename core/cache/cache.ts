import type { Entry, Held } from './entry.ts'
import type { CacheEvent } from './events.ts'
import type { CacheKind } from './kinds.ts'
import { awaitClaim, isLeased } from './lease.ts'
import type { MemoryTier } from './memory.ts'
import type { SingleFlight, Waiting } from './single-flight.ts'
import type { LeasingTier, Tier, TierName } from './tier.ts'

export type Source = TierName | 'origin'

/** A value found in a tier, or just loaded. */
export type Found<T> = { readonly held: Held<T>; readonly source: Source }

/** Looks into tiers that are under way: readers of one value share them. */
export type Lookups = SingleFlight<Entry<unknown> | null>

export type CacheParts = {
  readonly memory: MemoryTier
  /** Beyond memory, the nearest first; a function is called when the first is needed. */
  readonly tiers: readonly Tier[] | (() => readonly Tier[])
  readonly waiting: Waiting
  readonly onEvent: (event: CacheEvent) => void
  /** Of the isolate. Default: every reader looks for itself. */
  readonly lookups?: Lookups
}

type IsGood<T> = (held: Held<T>) => boolean

/** Of one value: where it stands among those asked for, and what is known not to be good. */
type Missing = { readonly at: number; readonly key: string; above: number }

/** How often a value that another isolate loaded may turn out to be outdated already. */
const MAX_CLAIMS = 2

/** Below the seq of any value. */
const NOTHING = -1

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
   * the nearer ones. One value that no tier has is waited for while another isolate loads it; what
   * that brings is judged like any other.
   */
  async find<T>(
    keys: readonly string[],
    isGood: IsGood<T>,
    kind: CacheKind,
  ): Promise<(Found<T> | null)[]> {
    const found = keys.map((key) => this.findInMemory<T>(key, isGood))
    let missing = found.flatMap((each, at): Missing[] => {
      const key = keys[at] ?? ''
      return each ? [] : [{ at, key, above: this.peek(key)?.seq ?? NOTHING }]
    })
    for (const { above } of missing) this.#missed('memory', kind, above > NOTHING)
    for (const [distance, tier] of this.#tiers.entries()) {
      if (missing.length === 0) break
      const kept: [string, Entry<unknown>][] = []
      const accept = (one: Missing, entry: Entry<unknown>): boolean => {
        const held: Held<T> = { ...(entry as Entry<T>), upTo: entry.seq, knownAt: -Infinity }
        one.above = Math.max(one.above, entry.seq)
        if (!isGood(held)) return false
        this.#parts.memory.set(one.key, held)
        kept.push([one.key, entry])
        found[one.at] = { held, source: tier.name }
        this.#parts.onEvent({ type: 'hits', tier: tier.name, kind })
        return true
      }
      missing = await this.#lookUp(tier, { missing, kind }, accept)
      if (distance > 0 && kept.length > 0) this.#write(this.#tiers.slice(0, distance), kept)
    }
    return found
  }

  findInMemory<T>(key: string, isGood: IsGood<T>): Found<T> | null {
    const held = this.#parts.memory.get(key) as Held<T> | undefined
    if (!held || !isGood(held)) return null
    this.used(held)
    return { held, source: 'memory' }
  }

  /** Counts that memory has answered with this value. */
  used(held: Held<unknown>): void {
    held.hits = (held.hits ?? 0) + 1
    this.#parts.onEvent({ type: 'hits', tier: 'memory', kind: held.kind })
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

  /** What was to be loaded was not: others may try. */
  abandon(keys: readonly string[]): void {
    for (const tier of this.#tiers) {
      const releasing = tier.leases?.release(keys).catch(() => this.#failed(tier))
      if (releasing) this.#parts.waiting.waitUntil(releasing)
    }
  }

  count(event: CacheEvent): void {
    this.#parts.onEvent(event)
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#parts.memory.delete(key)
    await Promise.allSettled(this.#tiers.map((tier) => tier.delete(keys)))
  }

  /** What is missing still. */
  async #lookUp(
    tier: Tier,
    { missing, kind }: { readonly missing: readonly Missing[]; readonly kind: CacheKind },
    accept: (one: Missing, entry: Entry<unknown>) => boolean,
  ): Promise<Missing[]> {
    const [only] = missing
    if (missing.length > 1 || !only) {
      const keys = missing.map(({ key }) => key)
      const entries = await this.#guarded(tier, () => tier.get(keys))
      return missing.filter((one, i) => {
        const entry = entries?.[i] ?? null
        if (entry && accept(one, entry)) return false
        this.#missed(tier.name, kind, entry !== null)
        return true
      })
    }
    // Leases are for reads of one value: who held some and waited for others could wait in a ring.
    const { leases } = tier
    const attempts = leases && isLeased(kind) ? MAX_CLAIMS : 1
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const entry = await this.#lookUpOne(tier, isLeased(kind) ? leases : undefined, only, kind)
      if (entry && accept(only, entry)) return []
      if (!entry || attempt === attempts) {
        this.#missed(tier.name, kind, entry !== null)
        break
      }
    }
    return [only]
  }

  /** One value, looked for together with whoever looks for it at the same time. */
  async #lookUpOne(
    tier: Tier,
    leases: LeasingTier | undefined,
    { key, above }: Missing,
    kind: CacheKind,
  ): Promise<Entry<unknown> | null> {
    const { lookups, waiting } = this.#parts
    const onWait = () => this.#parts.onEvent({ type: 'lease_waits', kind })
    const look = async () => {
      if (leases) return awaitClaim(leases, { key, above }, waiting, onWait)
      return (await tier.get([key]))[0] ?? null
    }
    const shared = lookups ? () => lookups.run(`${tier.name} ${above} ${key}`, look, waiting) : look
    return this.#guarded(tier, shared)
  }

  #missed(tier: TierName, kind: CacheKind, wasThere: boolean): void {
    this.#parts.onEvent({ type: 'misses', tier, kind })
    if (wasThere) this.#parts.onEvent({ type: 'outdated', tier, kind })
  }

  #write(tiers: readonly Tier[], entries: [string, Entry<unknown>][]): void {
    for (const tier of tiers) {
      const writing = tier.set(entries).catch(() => this.#failed(tier))
      this.#parts.waiting.waitUntil(writing)
    }
  }

  /** A tier that fails is skipped: the next one, or the origin, has the value too. */
  async #guarded<R>(tier: Tier, look: () => Promise<R>): Promise<R | null> {
    try {
      return await look()
    } catch {
      // Anything a service beyond the network may do; its breaker counts it.
      this.#failed(tier)
      return null
    }
  }

  #failed(tier: Tier): void {
    this.#parts.onEvent({ type: 'tier_failed', tier: tier.name })
  }
}
