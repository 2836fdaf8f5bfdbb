import { Redis } from '@upstash/redis/cloudflare'
import type { RedisCommands } from '../core/cache/redis-tier.ts'

/** Whoever waits for a cache has given up long before; the connection is to be free again. */
const TIMEOUT_MS = 1_000

/** The value, or else whether the lease is the caller's now. A miss is one round trip, as before. */
const CLAIM = `
local value = redis.call('GET', KEYS[1])
if value and tonumber(string.match(value, '^%d+') or '-1') > tonumber(ARGV[1]) then
  return {value, 0}
end
if redis.call('SET', KEYS[2], ARGV[2], 'NX', 'PX', ARGV[3]) then return {'', 1} end
return {'', 0}`

/** Only its owner ends a lease: a late one may be another's by now. */
const END = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`

/** Upstash's Redis over HTTP, for text. Nothing is tried twice: the next tier has the value too. */
export function openRedis(url: string, token: string): Redis {
  return new Redis({
    url,
    token,
    automaticDeserialization: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    retry: { retries: 0 },
    // A signal that is no function makes an aborted call look like an answer.
    signal: () => AbortSignal.timeout(TIMEOUT_MS),
  })
}

/** The commands of the cache's tier. */
export function upstashRedis(redis: Redis): RedisCommands {
  return {
    mget: (keys) => redis.mget<(string | null)[]>([...keys]),
    async setAll(entries, ended) {
      if (entries.length + ended.length === 0) return
      const pipeline = redis.pipeline()
      for (const [key, value, ttlMs] of entries) pipeline.set(key, value, { px: ttlMs })
      for (const { key, owner } of ended) pipeline.eval(END, [key], [owner])
      await pipeline.exec()
    },
    async del(keys) {
      await redis.del(...keys)
    },
    async claim(key, lease, { above, ttlMs }) {
      const args = [String(above), lease.owner, String(ttlMs)]
      const [value, isOurs] = await redis.eval<string[], [string, number]>(
        CLAIM,
        [key, lease.key],
        args,
      )
      return { value: value === '' ? null : value, isOurs: Number(isOurs) === 1 }
    },
  }
}
