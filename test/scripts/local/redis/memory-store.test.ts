import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RedisBackend } from '../../../../scripts/local/redis/backend.ts'
import { RedisError, type Reply } from '../../../../scripts/local/redis/reply.ts'
import {
  type MemoryStoreOptions,
  memoryStore,
} from '../../../../scripts/local/redis/store/memory-store.ts'

const MAX_BYTES = 100_000

let nowMs: number
let store: RedisBackend

function open(options: MemoryStoreOptions = {}): void {
  store = memoryStore({ now: () => nowMs, ...options })
}

function run(...command: string[]): Promise<Reply> {
  return store.execute(command)
}

beforeEach(() => {
  nowMs = 1_800_000_000_000
  open()
})
afterEach(() => store.close())

describe('time', () => {
  it('takes a key at its millisecond, not before', async () => {
    await run('set', 'a', '1', 'PX', '1000')
    nowMs += 999
    expect([await run('get', 'a'), await run('pttl', 'a')]).toEqual(['1', 1])
    nowMs += 1
    expect([await run('get', 'a'), await run('ttl', 'a')]).toEqual([null, -2])
    expect(await run('set', 'a', '2', 'NX')).toEqual({ status: 'OK' })
  })

  it('takes what nobody asks for, too', async () => {
    for (let i = 0; i < 100; i++) await run('set', `k${i}`, '1', 'EX', String(i + 1))
    nowMs += 60_000
    expect(await run('dbsize')).toBe(40)
    expect(await run('keys', 'k5*')).toEqual([])
    nowMs += 60_000
    expect(await run('scan', '0', 'COUNT', '1000')).toEqual(['0', []])
  })

  it('is moved by nothing else: the other keys stay', async () => {
    await run('hset', 'h', 'a', '1')
    await run('set', 'b', '1', 'EX', '10')
    await run('persist', 'b')
    nowMs += 1_000_000_000
    expect(await run('exists', 'h', 'b')).toBe(2)
  })
})

describe('memory', () => {
  async function fill(count: number): Promise<Reply[]> {
    const replies: Reply[] = []
    for (let i = 0; i < count; i++) replies.push(await run('set', `k${i}`, 'x'.repeat(1_000)))
    return replies
  }

  it('is bounded by forgetting what was used least recently', async () => {
    open({ maxBytes: MAX_BYTES, eviction: 'allkeys-lru' })
    await run('set', 'read', '1')
    await run('set', 'unread', '1')
    for (let i = 0; i < 1_000; i++) {
      await run('set', `k${i}`, 'x'.repeat(1_000))
      await run('get', 'read')
    }
    expect(await run('exists', 'read')).toBe(1)
    expect(await run('exists', 'unread', 'k0')).toBe(0)
    expect(await run('get', 'k999')).toHaveLength(1_000)
    const left = Number(await run('dbsize'))
    expect(left).toBeGreaterThan(50)
    expect(left).toBeLessThanOrEqual(MAX_BYTES / 1_000)
  })

  it('is counted for what grows inside a key', async () => {
    open({ maxBytes: MAX_BYTES, eviction: 'allkeys-lru' })
    await run('set', 'old', 'x'.repeat(50_000))
    for (let i = 0; i < 60; i++) await run('hset', 'hash', `f${i}`, 'x'.repeat(1_000))
    expect([await run('exists', 'old'), await run('hlen', 'hash')]).toEqual([0, 60])
    const growing = [
      ['rpush', 'list'],
      ['sadd', 'set'],
      ['zadd', 'zset', '1'],
      ['append', 'string'],
    ]
    for (const command of growing) {
      await run('flushdb')
      await run('set', 'old', 'x'.repeat(50_000))
      for (let i = 0; i < 60; i++) await run(...command, String(i).padEnd(1_000, 'x'))
      expect([command[0], await run('exists', 'old')]).toEqual([command[0], 0])
    }
  })

  it('is given back by what shrinks', async () => {
    open({ maxBytes: MAX_BYTES, eviction: 'allkeys-lru' })
    await run('set', 'old', 'x'.repeat(50_000))
    for (let i = 0; i < 1_000; i++) {
      await run('rpush', 'queue', 'x'.repeat(1_000))
      await run('lpop', 'queue')
      await run('hset', 'hash', 'f', 'x'.repeat(1_000))
      await run('hdel', 'hash', 'f')
      await run('zadd', 'zset', '1', 'x'.repeat(1_000))
      await run('zrem', 'zset', 'x'.repeat(1_000))
      await run('sadd', 'set', 'x'.repeat(1_000))
      await run('spop', 'set')
    }
    expect(await run('exists', 'old')).toBe(1)
  })

  it('that is full refuses to grow, where nothing may be forgotten', async () => {
    open({ maxBytes: MAX_BYTES, eviction: 'noeviction' })
    const replies = await fill(200)
    const refused = replies.filter((reply) => reply instanceof RedisError)
    expect(refused.length).toBeGreaterThan(50)
    expect(refused[0]?.message).toBe("OOM command not allowed when used memory > 'maxmemory'.")
    expect(await run('get', 'k0')).toHaveLength(1_000)
    expect(await run('del', 'k0', 'k1')).toBe(2)
    expect(await run('set', 'new', 'x')).toEqual({ status: 'OK' })
  })
})

describe('what the in-process store does not have', () => {
  it.each(['xadd', 'SETBIT', 'geoadd', 'pfadd', 'publish'])('is named: %s', async (name) => {
    const reply = await run(name, 'a', 'b', 'c')
    expect(reply).toEqual(
      new RedisError(
        `ERR The Redis of the local stack has no ${name.toUpperCase()}; ` +
          'set TENDRIL_REDIS_URL to the URL of a real one',
      ),
    )
  })
})

describe('a script', () => {
  it('that never ends is ended, and the store goes on', async () => {
    expect(await run('eval', 'while true do end', '0')).toMatchObject({
      message: expect.stringContaining('it runs too long'),
    })
    expect(await run('ping')).toEqual({ status: 'PONG' })
  })

  it.each([
    'os.execute("true")',
    'io.open("/etc/passwd")',
    'require("fs")',
    'print(1)',
    'js.global',
  ])('cannot reach out of Lua: %s', async (source) => {
    expect(await run('eval', `return ${source}`, '0')).toBeInstanceOf(RedisError)
  })
})
