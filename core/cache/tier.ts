import type { Entry } from './entry.ts'

/**
 * A place that keeps entries and nothing else: what is good, and for whom, the cache decides. Tiers
 * may lose or keep anything at any time, and give back old entries; they may reject, and be slow.
 */
export type Tier = {
  /** As `Cache-Status` (RFC 9211) names it. */
  readonly name: TierName
  get(keys: readonly string[]): Promise<readonly (Entry<unknown> | null)[]>
  set(entries: readonly (readonly [key: string, entry: Entry<unknown>])[]): Promise<void>
  delete(keys: readonly string[]): Promise<void>
  /** Of a tier that isolates share, so that one of them loads for all. */
  readonly leases?: LeasingTier
}

export type LeasingTier = {
  /** The entry, if it was read later than at `above`; else the lease to load it, if nobody has it. */
  claim(key: string, above: number): Promise<Claim>
  /** Gives leases back without a value. `set` does so with one. */
  release(keys: readonly string[]): Promise<void>
}

export type Claim =
  | { readonly is: 'found'; readonly entry: Entry<unknown> }
  /** Whoever gets this is to load the value. */
  | { readonly is: 'ours' }
  /** Another isolate is loading it. */
  | { readonly is: 'taken' }

/** The nearest first. */
export const TIER_NAMES = ['memory', 'edge', 'redis'] as const
export type TierName = (typeof TIER_NAMES)[number]
