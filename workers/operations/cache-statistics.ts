import { type Counts, sumOf } from '../../core/cache/counters.ts'
import { LOAD_EVENTS, TIER_EVENTS } from '../../core/cache/events.ts'
import { tenantOf } from '../../core/cache/key.ts'
import { CACHE_KINDS, type CacheKind } from '../../core/cache/kinds.ts'
import { TIER_NAMES } from '../../core/cache/tier.ts'
import { HOUR_MS } from '../cache-ledger.ts'
import { countersOf, isolate } from '../isolate.ts'
import { tenantOperation } from './define.ts'

/** What the cache did for one tenant. */
export type CacheStatistics = {
  /** Whether all isolates are counted, or only the one that answers. */
  readonly scope: 'deployment' | 'isolate'
  /** RFC 3339; `null`: since the isolate began. */
  readonly from: string | null
  readonly reads: number
  /** Share of reads that needed no database; `null` without reads. */
  readonly hit_rate: number | null
  readonly loads: number
  /** Loads that hits, and joining the loads of others, made unnecessary. */
  readonly loads_saved: number
  readonly tiers: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly kinds: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** What the isolate that answers holds of the tenant. */
  readonly memory: Readonly<Record<string, { readonly values: number; readonly bytes: number }>>
}

export const readCacheStatistics = tenantOperation(
  'cache.manage',
  async ({ services, principal }, { hours }: { hours: number }): Promise<CacheStatistics> => {
    const { tenantId } = principal
    const thisHour = Math.floor(services.now() / HOUR_MS) * HOUR_MS
    const asked = Array.from({ length: hours }, (_, i) => thisHour - i * HOUR_MS)
    const ledger = services.ledger()
    const own = countersOf(tenantId).read()
    const told = ledger && (await ledger.countsOf(tenantId, asked).catch(() => null))
    return {
      scope: told ? 'deployment' : 'isolate',
      from: told ? new Date(thisHour - (hours - 1) * HOUR_MS).toISOString() : null,
      // What this isolate has not told yet is in none of the hours.
      ...summary(sumOf([...(told ?? []), own])),
      memory: Object.fromEntries(isolate.memory.sizes((key) => tenantOf(key) === tenantId)),
    }
  },
)

function summary(counts: Counts) {
  const of = (name: string) => counts[name] ?? 0
  const total = (part: string, event: string) =>
    CACHE_KINDS.reduce((sum, kind) => sum + of(`${part}:${kind}:${event}`), 0)
  const ofKinds = (event: string) =>
    CACHE_KINDS.reduce((sum, kind) => sum + of(`${kind}:${event}`), 0)
  const reads = total('memory', 'hits') + total('memory', 'misses')
  const hits = TIER_NAMES.reduce((sum, tier) => sum + total(tier, 'hits'), 0)
  return {
    reads,
    hit_rate: reads === 0 ? null : hits / reads,
    loads: ofKinds('loads'),
    loads_saved: hits + ofKinds('joined'),
    tiers: Object.fromEntries(
      TIER_NAMES.map((tier) => [
        tier,
        {
          ...Object.fromEntries(TIER_EVENTS.map((event) => [event, total(tier, event)])),
          failures: of(`${tier}:failures`),
          kinds: byKind((kind) =>
            Object.fromEntries(TIER_EVENTS.map((event) => [event, of(`${tier}:${kind}:${event}`)])),
          ),
        },
      ]),
    ),
    kinds: byKind((kind) =>
      Object.fromEntries(LOAD_EVENTS.map((event) => [event, of(`${kind}:${event}`)])),
    ),
  }
}

/** Only kinds of which there is anything to say. */
function byKind(countsOf: (kind: CacheKind) => Readonly<Record<string, number>>) {
  return Object.fromEntries(
    CACHE_KINDS.map((kind) => [kind, countsOf(kind)] as const).filter(([, counts]) =>
      Object.values(counts).some((count) => count > 0),
    ),
  )
}
