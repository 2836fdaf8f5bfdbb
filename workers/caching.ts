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
export class RequestCaching {
  readonly #env: Env
  readonly #waiting: Waiting
  /** `undefined`: nobody has asked for it yet. */
  #redis: Redis | null | undefined
  // A request is of one tenant: its own log, and one of its graphs.
  #tenant: TenantId | null = null
  #cache: Cache | null = null

  constructor(env: Env, waiting: Waiting) {
    this.#env = env
    this.#waiting = waiting
  }

  /** The cache, counting for this tenant. */
  cacheOf(tenant: TenantId): Cache {
    if (this.#cache !== null && this.#tenant === tenant) return this.#cache
    const counters = countersOf(tenant)
    this.#tenant = tenant
    this.#cache = new Cache({
      memory: isolate.memory,
      lookups: isolate.lookups,
      tiers: () => farTiers(this.#openRedis()),
      waiting: this.#waiting,
      onEvent: (event) => counters.count(event),
    })
    return this.#cache
  }

  /** `null`: there is no Redis for caches. */
  ledger(): CacheLedger | null {
    const client = this.#openRedis()
    return client && cacheLedger(client, isolate.ledgerBreaker)
  }

  #openRedis(): Redis | null {
    if (this.#redis === undefined) this.#redis = redisOf(this.#env)
    return this.#redis
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
