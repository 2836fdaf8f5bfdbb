import type { CacheKind } from './kinds.ts'
import type { TierName } from './tier.ts'

/** What the cache tells whoever counts: closed unions only, so that counters stay few. */
export type CacheEvent =
  | { readonly type: TierEvent; readonly tier: TierName; readonly kind: CacheKind }
  | { readonly type: LoadEvent; readonly kind: CacheKind }
  | { readonly type: 'tier_failed'; readonly tier: TierName }

export const TIER_EVENTS = [
  'hits',
  /** Not there, or not good enough. */
  'misses',
  /** Of the misses: a value was there that its watermarks had left behind, or that was too old. */
  'outdated',
] as const
export type TierEvent = (typeof TIER_EVENTS)[number]

export const LOAD_EVENTS = [
  'loads',
  /** Loads that were saved, since another request of the isolate was loading the same. */
  'joined',
  /** Loads of another isolate that were waited for. */
  'lease_waits',
  /** Values that memory had no room for any more. */
  'evictions',
] as const
export type LoadEvent = (typeof LOAD_EVENTS)[number]
