import { decodeEntry, encodeEntry } from './codec.ts'
import type { Entry } from './entry.ts'
import { TTL_MS } from './kinds.ts'
import { LEASE_MS, type OwnLeases } from './lease.ts'
import type { Claim, Tier } from './tier.ts'

/** What the tier needs of a Redis. Values are text. */
export type RedisCommands = {
  mget(keys: readonly string[]): Promise<readonly (string | null)[]>
  /** Sets each key for so many milliseconds, and ends leases, in one round trip. */
  setAll(
    entries: readonly (readonly [key: string, value: string, ttlMs: number])[],
    ended: readonly Lease[],
  ): Promise<void>
  del(keys: readonly string[]): Promise<void>
  /**
   * In one step: the value of `key` if the number that it begins with is above `above`, else the
   * lease for so long, if nobody has it.
   */
  claim(
    key: string,
    lease: Lease,
    terms: { readonly above: number; readonly ttlMs: number },
  ): Promise<{ readonly value: string | null; readonly isOurs: boolean }>
}

/** A key that is set while its owner loads what it stands for. */
export type Lease = { readonly key: string; readonly owner: string }

export type RedisTierParts = {
  readonly leases: OwnLeases
  /** Names a lease: unique everywhere. */
  readonly newOwner: () => string
}

/** Longer ones cost more to fetch than they save, and Redis takes only so much at once. */
const MAX_CHARACTERS = 512 * 1024

/** Entries in Redis, shared by all isolates of all places. */
export function redisTier(redis: RedisCommands, { leases, newOwner }: RedisTierParts): Tier {
  function endedOf(keys: readonly string[]): Lease[] {
    return keys.flatMap((key) => {
      const owner = leases.end(key)
      return owner === undefined ? [] : [{ key: leaseKey(key), owner }]
    })
  }
  return {
    name: 'redis',
    async get(keys) {
      const texts = await redis.mget(keys)
      return Promise.all(texts.map((text) => (text === null ? null : decode(text))))
    },
    async set(entries) {
      const ended = endedOf(entries.map(([key]) => key))
      const encoded = entries.map(async ([key, entry]): Promise<[string, string, number]> => {
        return [key, await encode(entry), TTL_MS[entry.kind]]
      })
      const texts = await Promise.all(encoded)
      await redis.setAll(
        texts.filter(([, text]) => text.length <= MAX_CHARACTERS),
        ended,
      )
    },
    delete: (keys) => redis.del(keys),
    leases: {
      async claim(key, above): Promise<Claim> {
        if (leases.has(key)) return { is: 'ours' }
        const lease = { key: leaseKey(key), owner: newOwner() }
        const { value, isOurs } = await redis.claim(key, lease, { above, ttlMs: LEASE_MS })
        const entry = value === null ? null : await decode(value)
        if (entry) return { is: 'found', entry }
        if (isOurs) leases.took(key, lease.owner)
        // What cannot be read stands in the way of everybody alike: each loads for itself.
        return { is: isOurs || value !== null ? 'ours' : 'taken' }
      },
      async release(keys) {
        const ended = endedOf(keys)
        if (ended.length > 0) await redis.setAll([], ended)
      },
    },
  }
}

function leaseKey(key: string): string {
  return `${key}#loading`
}

const SEPARATOR = ';'

/** The seq stands in front, where a script can read it. */
async function encode(entry: Entry<unknown>): Promise<string> {
  return `${entry.seq}${SEPARATOR}${await encodeEntry(entry)}`
}

async function decode(text: string): Promise<Entry<unknown> | null> {
  return decodeEntry(text.slice(text.indexOf(SEPARATOR) + 1))
}
