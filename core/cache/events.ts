import type { Source } from './cache.ts'
import type { CacheKind } from './kinds.ts'
import type { TierName } from './tier.ts'

/** What the cache tells whoever counts: closed unions only, so that counters stay few. */
export type CacheEvent =
  | { readonly type: 'read'; readonly kind: CacheKind; readonly source: Source }
  | { readonly type: 'tier_failed'; readonly tier: TierName }
  /** A value that its watermarks had left behind. */
  | { readonly type: 'outdated'; readonly kind: CacheKind }
  | { readonly type: 'asked_log' }
