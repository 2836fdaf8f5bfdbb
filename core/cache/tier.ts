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
}

export type TierName = 'memory' | 'edge' | 'redis'
