import type { Redis } from '@upstash/redis/cloudflare'
import { v7 } from 'uuid'
import { Cache } from '../core/cache/cache.ts'
import { edgeTier, type ResponseCache } from '../core/cache/edge-tier.ts'
import { guardedTier } from '../core/cache/guarded-tier.ts'
import { keyPrefix } from '../core/cache/key.ts'
import type { LogReader } from '../core/cache/log-reader.ts'
import type { LogHead } from '../core/cache/log-view.ts'
import { redisTier } from '../core/cache/redis-tier.ts'
import type { Waiting } from '../core/cache/single-flight.ts'
import type { Tier } from '../core/cache/tier.ts'
import {
  type GraphAddress,
  type LogAddress,
  logName,
  type TenantAddress,
} from '../core/log/address.ts'
import type { CommitAnswer, GraphRequest } from '../core/log/requests.ts'
import type { Now } from '../core/now.ts'
import type { TenantRequest } from '../core/tenant/requests.ts'
import type { Database } from '../db/client.ts'
import { openCatalog, openShard } from '../db/databases.ts'
import type { Committed } from '../durable-objects/graph-log/object.ts'
import type { Env } from '../env.ts'
import { type CacheLedger, cacheLedger } from './cache-ledger.ts'
import { countersOf, isolate, logState } from './isolate.ts'
import { isTimeToTell, tellLedger } from './tell-ledger.ts'
import { openRedis, upstashRedis } from './upstash-redis.ts'

/** Who may register; see env.ts. */
export type Registration = {
  readonly mode: Env['TENDRIL_REGISTRATION']
  /** `null`: there is none, so no first owner can be made. */
  readonly setupSecret: string | null
}

/** Everything an operation may use of the outside world. */
export type Services = {
  readonly catalog: Database
  readonly shard: (shardId: string) => Database
  /** Where a new graph goes. */
  readonly shardForNewGraph: () => string
  readonly commit: (log: GraphAddress, request: GraphRequest) => Promise<CommitAnswer>
  readonly commitTenant: (log: TenantAddress, request: TenantRequest) => Promise<CommitAnswer>
  /** The log as this request reads it, through the cache. */
  readonly reader: (log: LogAddress) => LogReader
  /** A new time-ordered id (RFC 9562, version 7): neighbours in time are neighbours in an index. */
  readonly newId: () => string
  readonly now: Now
  readonly jwtSecret: string
  readonly registration: Registration
  readonly shardIds: readonly string[]
  /** What isolates together know of the cache; `null` without a Redis. */
  readonly ledger: CacheLedger | null
  /** For what may go on behind the answer. */
  readonly waitUntil: Waiting['waitUntil']
}

/** The composition root: built per request, since the runtime ties I/O objects to one. */
export function services(env: Env, waitUntil: Waiting['waitUntil']): Services {
  const waiting = { waitUntil, sleep }
  const redis = cacheRedis(env)
  const ledger = redis && cacheLedger(redis, isolate.ledgerBreaker)
  const parts = {
    ...{ memory: isolate.memory, tiers: farTiers(redis), waiting, lookups: isolate.lookups },
  }
  if (ledger && isTimeToTell(Date.now())) waitUntil(tellLedger(ledger, Date.now()))
  return {
    ledger,
    waitUntil,
    get catalog() {
      return openCatalog(env)
    },
    shard: (shardId) => openShard(env, shardId),
    shardForNewGraph: () => env.TENDRIL_SHARDS[0]?.id ?? '',
    commit: (log, request) =>
      learning(log, (since) => logObject(env, log).commit(log, request, since)),
    commitTenant: (log, request) =>
      learning(log, (since) => logObject(env, log).commitTenant(log, request, since)),
    reader: (log) => {
      const { view, flights } = logState(log)
      const counters = countersOf(log.tenantId)
      const cache = new Cache({ ...parts, onEvent: (event) => counters.count(event) })
      return {
        ...{ view, flights, cache, waiting, after: view.calls, now: Date.now },
        ask: (since, atLeast) => logObject(env, log).watermarks(log, since, atLeast),
        keyPrefix: (historyId) => keyPrefix(log, historyId),
      }
    },
    newId: () => v7(),
    now: () => Date.now(),
    jwtSecret: env.TENDRIL_JWT_SECRET,
    registration: {
      mode: env.TENDRIL_REGISTRATION,
      setupSecret: env.TENDRIL_SETUP_SECRET || null,
    },
    get shardIds() {
      return env.TENDRIL_SHARDS.map(({ id }) => id)
    },
  }
}

/**
 * A write, from whose answer this isolate learns what changed: its next reads see it. A call whose
 * object went away, or was too busy to take it: an earlier call with its id may count.
 */
async function learning(
  log: LogAddress,
  write: (since: number | null) => Promise<Committed>,
): Promise<CommitAnswer> {
  const { view } = logState(log)
  const begun = view.begin(Date.now)
  try {
    const { answer, head } = await write(view.known?.copy.head ?? null)
    if (head) view.learn(head, begun, Date.now)
    return answer
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'the log did not answer'
    return { status: 'outcome_unknown', reason }
  }
}

/** What a log's object answers: its RPC methods, as plain promises of plain data. */
type LogObject = {
  commit(log: GraphAddress, request: GraphRequest, since: number | null): Promise<Committed>
  commitTenant(log: TenantAddress, request: TenantRequest, since: number | null): Promise<Committed>
  watermarks(log: LogAddress, since: number, atLeast: number): Promise<LogHead>
}

/** The one place where a log's object is found: its name contains the epoch. */
function logObject(env: Env, log: LogAddress): LogObject {
  const stub: unknown = env.GRAPH_LOG.getByName(logName(log))
  return stub as LogObject
}

/** `null`: there is none for caches. */
function cacheRedis({
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

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
