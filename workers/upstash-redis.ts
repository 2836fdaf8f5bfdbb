import { Redis } from '@upstash/redis/cloudflare'
import type { RedisCommands } from '../core/cache/redis-tier.ts'

/** Whoever waits for a cache has given up long before; the connection is to be free again. */
const TIMEOUT_MS = 1_000

/** Upstash's Redis over HTTP, for text. Nothing is tried twice: the next tier has the value too. */
export function upstashRedis(url: string, token: string): RedisCommands {
  const redis = new Redis({
    url,
    token,
    automaticDeserialization: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    retry: { retries: 0 },
    // A signal that is no function makes an aborted call look like an answer.
    signal: () => AbortSignal.timeout(TIMEOUT_MS),
  })
  return {
    mget: (keys) => redis.mget<(string | null)[]>([...keys]),
    async setAll(entries) {
      if (entries.length === 0) return
      const pipeline = redis.pipeline()
      for (const [key, value, ttlMs] of entries) pipeline.set(key, value, { px: ttlMs })
      await pipeline.exec()
    },
    async del(keys) {
      await redis.del(...keys)
    },
  }
}
