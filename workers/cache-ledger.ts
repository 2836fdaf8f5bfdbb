import type { Redis } from '@upstash/redis/cloudflare'
import type { IPolicy } from 'cockatiel'
import { COUNTER_NAMES, type Counts } from '../core/cache/counters.ts'
import type { TenantId } from '../core/ids.ts'

/** What one isolate has counted of one tenant since it last told. */
export type Deltas = { readonly tenantId: TenantId; readonly counts: Counts }

/** What isolates together know of the cache. It may forget anything, and be away: then it rejects. */
export type CacheLedger = {
  /** Adds what was counted in the hour that began then, milliseconds since 1970. */
  add(deltas: readonly Deltas[], hourMs: number): Promise<void>
  /** Counts of a tenant in the hours that began then. */
  countsOf(tenant: TenantId, hoursMs: readonly number[]): Promise<Counts[]>
  /** Adds to how often values were answered with. Names are `encodeValueName`s. */
  addHits(hits: readonly (readonly [name: string, hits: number])[]): Promise<void>
  /** The names most answered with of late, the first the most. */
  hottest(limit: number): Promise<string[]>
  /** Halves what was counted so far, and forgets all but the hottest. */
  age(keep: number): Promise<void>
  /** Whether nobody has asked this before in so many milliseconds: for work that one is to do for all. */
  isFirst(what: string, ttlMs: number): Promise<boolean>
}

export const HOUR_MS = 3_600_000
/** Hours that can be asked for; the one under way is the last of them. */
export const MAX_HOURS = 24

const HOT = 'tendril:cache:hot'

/** One command for a tenant's counts, since each is paid for. */
const ADD = `
for i = 2, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[1])`

const ADD_HITS = `
for i = 1, #ARGV, 2 do redis.call('ZINCRBY', KEYS[1], ARGV[i + 1], ARGV[i]) end
return 0`

const AGE = `
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -(tonumber(ARGV[1]) + 1))
redis.call('ZUNIONSTORE', KEYS[1], 1, KEYS[1], 'WEIGHTS', '0.5')
return redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '0.5')`

/** In Redis, behind a breaker of its own: counting must not make the cache's tier look broken. */
export function cacheLedger(redis: Redis, breaker: IPolicy): CacheLedger {
  const run = <T>(call: () => Promise<T>): Promise<T> => breaker.execute(call)
  return {
    async add(deltas, hourMs) {
      if (deltas.length === 0) return
      const pipeline = redis.pipeline()
      for (const { tenantId, counts } of deltas) {
        const fields = Object.entries(counts).flatMap(([name, count]) => [name, String(count)])
        const ttlMs = String((MAX_HOURS + 1) * HOUR_MS)
        pipeline.eval(ADD, [hourKey(tenantId, hourMs)], [ttlMs, ...fields])
      }
      await run(() => pipeline.exec())
    },
    async countsOf(tenant, hoursMs) {
      const pipeline = redis.pipeline()
      for (const hourMs of hoursMs) {
        pipeline.hmget(hourKey(tenant, hourMs), ...COUNTER_NAMES)
      }
      const hours = await run(() => pipeline.exec<unknown[]>())
      return hours.map(toCounts)
    },
    async addHits(hits) {
      if (hits.length === 0) return
      const args = hits.flatMap(([name, count]) => [name, String(count)])
      await run(() => redis.eval(ADD_HITS, [HOT], args))
    },
    hottest: (limit) => run(() => redis.zrange<string[]>(HOT, 0, limit - 1, { rev: true })),
    async age(keep) {
      await run(() => redis.eval(AGE, [HOT], [String(keep)]))
    },
    async isFirst(what, ttlMs) {
      const options = { nx: true as const, px: ttlMs }
      return (await run(() => redis.set(`tendril:cache:${what}`, '1', options))) === 'OK'
    },
  }
}

function hourKey(tenant: TenantId, hourMs: number): string {
  return `tendril:cache:counts:${tenant}:${hourMs / HOUR_MS}`
}

/** The values of all names, in their order; null for one that was not counted. */
function toCounts(hour: unknown): Counts {
  const counts: Record<string, number> = {}
  for (const [i, count] of (Array.isArray(hour) ? hour : []).entries()) {
    const [name, number] = [COUNTER_NAMES[i], Number(count)]
    if (name && count !== null && Number.isSafeInteger(number)) counts[name] = number
  }
  return counts
}
