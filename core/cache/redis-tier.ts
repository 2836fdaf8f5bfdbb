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
      await redis.setAll(await Promise.all(encoded))
    },
    delete: (keys) => redis.del(keys),
  }
}
