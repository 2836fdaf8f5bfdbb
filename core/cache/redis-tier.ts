import { decodeEntry, encodeEntry } from './codec.ts'
import { TTL_MS } from './kinds.ts'
import type { Tier } from './tier.ts'

/** What the tier needs of a Redis. Values are text. */
export type RedisCommands = {
  mget(keys: readonly string[]): Promise<readonly (string | null)[]>
  /** Sets each key for so many milliseconds. */
  setAll(entries: readonly (readonly [key: string, value: string, ttlMs: number])[]): Promise<void>
  del(keys: readonly string[]): Promise<void>
}

/** Longer ones cost more to fetch than they save, and Redis takes only so much at once. */
const MAX_CHARACTERS = 512 * 1024

/** Entries in Redis, shared by all isolates of all places. */
export function redisTier(redis: RedisCommands): Tier {
  return {
    name: 'redis',
    async get(keys) {
      const texts = await redis.mget(keys)
      return Promise.all(texts.map((text) => (text === null ? null : decodeEntry(text))))
    },
    async set(entries) {
      const encoded = entries.map(async ([key, entry]): Promise<[string, string, number]> => {
        return [key, await encodeEntry(entry), TTL_MS[entry.kind]]
      })
      const texts = await Promise.all(encoded)
      await redis.setAll(texts.filter(([, text]) => text.length <= MAX_CHARACTERS))
    },
    delete: (keys) => redis.del(keys),
  }
}
