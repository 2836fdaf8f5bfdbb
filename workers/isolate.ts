import type { IPolicy } from 'cockatiel'
import { LRUCache } from 'lru-cache'
import { Counters } from '../core/cache/counters.ts'
import type { Entry } from '../core/cache/entry.ts'
import { newBreaker } from '../core/cache/guarded-tier.ts'
import { tenantOf } from '../core/cache/key.ts'
import { OwnLeases } from '../core/cache/lease.ts'
import type { Loaded, Timed } from '../core/cache/log-reader.ts'
import { LogView } from '../core/cache/log-view.ts'
import { PLAIN_GET } from '../core/cache/lru.ts'
import { MemoryTier } from '../core/cache/memory.ts'
import { SingleFlight } from '../core/cache/single-flight.ts'
import type { TierName } from '../core/cache/tier.ts'
import type { TenantId } from '../core/ids.ts'
import { type LogAddress, logName } from '../core/log/address.ts'
import type { GraphSchema } from '../core/types/graph-schema.ts'
import { TopologyShelf } from './operations/topology/shelf.ts'

/** Graphs whose types one isolate keeps compiled. */
const MAX_SCHEMAS = 500
/** Logs whose watermarks one isolate keeps: some kilobytes each, 3 MB the busiest. */
const MAX_LOGS = 1_000
const MAX_LOG_BYTES = 16 * 1024 * 1024
/** An isolate has 128 MB for everything. */
const MEMORY_TIER_BYTES = 48 * 1024 * 1024
/** Credentials whose tenant is remembered: which one it is never changes. */
const MAX_CREDENTIALS = 10_000

/** Tenants for which one isolate counts. */
const MAX_COUNTED_TENANTS = 1_000

/** What never changes of an API key. */
export type KnownKey = { readonly hash: string; readonly tenantId: TenantId }

/** What an isolate knows of one log, and what it is doing about it. */
export type LogState = {
  readonly view: LogView
  readonly flights: SingleFlight<Timed<Loaded<unknown>>>
  /** Prefix of the cache keys of its latest history. */
  prefix: { readonly historyId: string; readonly text: string } | null
  /** The head at which its hot values were last looked after, and when. */
  warmedTo: number
  warmedAt: number
}

/**
 * What outlives a request in an isolate: data only, never clients. Graph schemas may be old without
 * harm, since a commit says which schema it was validated against (C5); how cached values are kept
 * from being too old, docs/consistency.md says.
 */
export const isolate = {
  schemas: new LRUCache<string, GraphSchema>({ max: MAX_SCHEMAS }),
  memory: new MemoryTier(
    MEMORY_TIER_BYTES,
    () => Date.now(),
    (key, kind) => {
      const tenant = tenantOf(key)
      if (tenant) countersOf(tenant).count({ type: 'evictions', kind })
    },
  ),
  breakers: new Map<TierName, IPolicy>([
    ['edge', newBreaker()],
    ['redis', newBreaker()],
  ]),
  /** Nobody waits for the ledger, so it may take longer. */
  ledgerBreaker: newBreaker({ timeoutMs: 2_000, failures: 3, restMs: 60_000 }),
  /** When this isolate last told the ledger what it has counted. */
  toldAt: 0,
  lookups: new SingleFlight<Entry<unknown> | null>(),
  leases: new OwnLeases(),
  /** Whether somebody has seen to it that values of this deploy's format are there. */
  hasLookedAtFormat: false,
  /** By API key, so that only its first request computes a digest. */
  keys: new LRUCache<string, KnownKey>({ max: MAX_CREDENTIALS }),
}

/** What the cache has done for each tenant; those that were not seen for longest are forgotten. */
export const tenantCounters = new LRUCache<TenantId, Counters>({ max: MAX_COUNTED_TENANTS })

export function countersOf(tenant: TenantId): Counters {
  const known = tenantCounters.get(tenant, PLAIN_GET)
  if (known) return known
  const counters = new Counters()
  tenantCounters.set(tenant, counters)
  return counters
}

const logs = new LRUCache<string, LogState>({
  max: MAX_LOGS,
  maxSize: MAX_LOG_BYTES,
  sizeCalculation: ({ view }) => 1_000 + (view.known?.copy.bytes ?? 0),
})

/** What this isolate knows of `log`: nothing at first. */
export function logState(log: LogAddress): LogState {
  const name = logName(log)
  const known = logs.get(name, PLAIN_GET)
  if (known) return known
  const state: LogState = {
    view: new LogView(),
    flights: new SingleFlight<Timed<Loaded<unknown>>>(),
    prefix: null,
    warmedTo: 0,
    warmedAt: 0,
  }
  logs.set(name, state)
  return state
}

let shelf: TopologyShelf | null = null

/** Topologies of graphs in this isolate; the first who asks says how much room they have. */
export function topologyShelf(budgetMb: number): TopologyShelf {
  shelf ??= new TopologyShelf(budgetMb * 1024 * 1024)
  return shelf
}
