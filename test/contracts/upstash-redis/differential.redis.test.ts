import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RedisBackend, RedisCommand } from '../../../scripts/local/redis/backend.ts'
import { isStatus, RedisError, type Reply } from '../../../scripts/local/redis/reply.ts'
import { serverBackend } from '../../../scripts/local/redis/server-backend.ts'
import { memoryStore } from '../../../scripts/local/redis/store/memory-store.ts'
import { someCommands } from './command.arbitrary.ts'
import { emptyDatabase } from './empty-database.ts'

const url = process.env.TENDRIL_REDIS_URL

/** Of the logical databases that tests use, as the other files'. */
const DATABASE = 4
const RUNS = 1_500
/** Another one is worth a try after a change; a fixed one gives every run the same chances. */
const SEED = 1

/** Redis answers them in the order of its hash table. */
const UNORDERED =
  /^(keys|scan|hscan|sscan|zscan|smembers|sinter|sunion|sdiff|spop|srandmember|hgetall|hkeys|hvals|hrandfield|zrandmember)$/i

/** Between the two answers time passes. */
const TIMED = /^p?(ttl|expiretime)$/i
const TOLERANCE_MS = 60_000

describe.skipIf(!url)('the in-process store, beside the Redis of TENDRIL_REDIS_URL', () => {
  let real: RedisBackend
  const ours = memoryStore()

  beforeAll(async () => {
    real = await serverBackend(url ?? '', DATABASE)
    await emptyDatabase(real)
  })

  afterAll(async () => {
    await real.execute(['flushdb'])
    await real.close()
  })

  it('answers any sequence of commands, right or wrong, as Redis does', async () => {
    await fc.assert(
      fc.asyncProperty(someCommands, async (commands) => {
        await real.execute(['flushdb'])
        await ours.execute(['flushdb'])
        for (const command of commands) {
          const expected = await real.execute(command)
          const actual = await ours.execute(command)
          if (isSameTime(command, actual, expected)) continue
          expect(comparable(command, actual), command.join(' ')).toEqual(
            comparable(command, expected),
          )
        }
      }),
      { numRuns: RUNS, seed: SEED },
    )
  })
})

function isSameTime([name = '']: RedisCommand, actual: Reply, expected: Reply): boolean {
  const [ours, theirs] = [plainOf(actual), plainOf(expected)]
  if (!TIMED.test(name) || typeof ours !== 'number' || typeof theirs !== 'number') return false
  const unitMs = /^p/i.test(name) ? 1 : 1000
  return ours >= 0 && theirs >= 0 && Math.abs(ours - theirs) * unitMs <= TOLERANCE_MS
}

function comparable([name = '']: RedisCommand, reply: Reply): unknown {
  const plain = plainOf(reply)
  return UNORDERED.test(name) ? sorted(plain) : plain
}

/** Numbers by their value: Redis 7.0 writes 1.5e3 and the like in another way than 7.2. */
function plainOf(reply: Reply): unknown {
  if (reply === null || typeof reply === 'number') return reply
  if (typeof reply === 'bigint') return Number(reply)
  // One of its encodings of small sorted sets cannot hold -0.
  if (typeof reply === 'string') return reply === '-0' ? '0' : reply
  // Of two things that are wrong either may be named.
  if (reply instanceof RedisError) return `error: ${reply.message.split(' ')[0]}`
  if (isStatus(reply)) return `status: ${reply.status}`
  return reply.map(plainOf)
}

function sorted(plain: unknown): unknown {
  if (!Array.isArray(plain)) return plain
  const items = plain.map(sorted)
  return items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}
