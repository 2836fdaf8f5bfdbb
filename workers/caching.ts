import type { Redis } from '@upstash/redis/cloudflare'
import { v7 } from 'uuid'
import { Cache } from '../core/cache/cache.ts'
import { edgeTier, type ResponseCache } from '../core/cache/edge-tier.ts'
import { guardedTier } from '../core/cache/guarded-tier.ts'
import { redisTier } from '../core/cache/redis-tier.ts'
import type { Waiting } from '../core/cache/single-flight.ts'
import type { Tier } from '../core/cache/tier.ts'
import type { TenantId } from '../core/ids.ts'
import type { Env } from '../env.ts'
import { type CacheLedger, cacheLedger } from './cache-ledger.ts'
import { countersOf, isolate } from './isolate.ts'
import { openRedis, upstashRedis } from './upstash-redis.ts'

/** The tiers as one request sees them. Most find all they need in memory, and open nothing else. */
export type Caching = {
  /** The cache, counting for this tenant. */
  readonly cacheOf: (tenant: TenantId) => Cache
  /** `null`: there is no Redis for caches. */
  readonly ledger: () => CacheLedger | null
}

export function caching(env: Env, waiting: Waiting): Caching {
  const redis = once(() => redisOf(env))
  const tiers = once(() => farTiers(redis()))
  // A request is of one tenant: its own log, and one of its graphs.
  let latest: { readonly tenant: TenantId; readonly cache: Cache } | null = null
  return {
    cacheOf(tenant) {
      if (latest?.tenant === tenant) return latest.cache
      const counters = countersOf(tenant)
      const cache = new Cache({
        ...{ memory: isolate.memory, tiers, waiting, lookups: isolate.lookups },
        onEvent: (event) => counters.count(event),
      })
      latest = { tenant, cache }
      return cache
    },
    ledger() {
      const client = redis()
      return client && cacheLedger(client, isolate.ledgerBreaker)
    },
  }
}

/** `null`: there is none for caches. */
function redisOf({
  UPSTASH_REDIS_CACHE_URL: url,
  UPSTASH_REDIS_CACHE_TOKEN: token,
}: Env): Redis | null {
  return url && token ? openRedis(url, token) : null
}

/** Tiers beyond memory, the nearest first. */
function farTiers(redis: Redis | null): Tier[] {
  const tiers = [edgeTier(() => caches.open('tendril') as unknown as Promise<ResponseCache>)]
  if (redis) {
    tiers.push(redisTier(upstashRedis(redis), { leases: isolate.leases, newOwner: v7 }))
  }
  return tiers.map((tier) => {
    const breaker = isolate.breakers.get(tier.name)
    return breaker ? guardedTier(tier, breaker) : tier
  })
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
