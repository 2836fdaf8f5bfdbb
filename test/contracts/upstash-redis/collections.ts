import { describe, expect, it } from 'vitest'
import type { RedisSession } from './session.ts'

export function describeCollections(session: RedisSession): void {
  describe('hashes', () => {
    it('set, count and delete fields', async () => {
      const { redis } = session
      expect(await redis.hset('h', { a: 1, b: 'two' })).toBe(2)
      expect(await redis.hset('h', { a: 2, c: { d: 3 } })).toBe(1)
      expect(await redis.hgetall('h')).toEqual({ a: 2, b: 'two', c: { d: 3 } })
      expect(await redis.hmget('h', 'a', 'missing')).toEqual({ a: 2, missing: null })
      expect((await redis.hkeys('h')).sort()).toEqual(['a', 'b', 'c'])
      expect(await redis.hvals('h')).toHaveLength(3)
      expect([await redis.hlen('h'), await redis.hexists('h', 'a')]).toEqual([3, 1])
      expect(await redis.hsetnx('h', 'a', 9)).toBe(0)
      expect(await redis.hincrby('h', 'a', 5)).toBe(7)
      expect(await redis.hincrbyfloat('h', 'a', 0.5)).toBe(7.5)
      expect(await redis.hdel('h', 'a', 'b', 'missing')).toBe(2)
      expect(await redis.hdel('h', 'c')).toBe(1)
      expect(await redis.exists('h')).toBe(0)
      expect(await redis.hgetall('h')).toBeNull()
    })

    it('are scanned completely, and picked from', async () => {
      const { redis } = session
      const fields = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f${i}`, i]))
      await redis.hset('h', fields)
      const seen = new Map<unknown, unknown>()
      let cursor = '0'
      do {
        const [next, found] = await redis.hscan('h', cursor, { count: 40 })
        for (let i = 0; i < found.length; i += 2) seen.set(found[i], found[i + 1])
        cursor = next
      } while (cursor !== '0')
      expect(Object.fromEntries(seen)).toEqual(fields)
      expect(fields).toHaveProperty((await redis.hrandfield('h')) ?? '')
    })
  })

  describe('lists', () => {
    it('are pushed to and popped from at both ends', async () => {
      const { redis } = session
      expect(await redis.rpush('l', 'a', 'b', 'c')).toBe(3)
      expect(await redis.lpush('l', 'z')).toBe(4)
      expect(await redis.lpushx('missing', 'z')).toBe(0)
      expect(await redis.lrange('l', 0, -1)).toEqual(['z', 'a', 'b', 'c'])
      expect([await redis.lpop('l'), await redis.rpop('l')]).toEqual(['z', 'c'])
      expect(await redis.lpop('l', 5)).toEqual(['a', 'b'])
      expect([await redis.lpop('l'), await redis.llen('l')]).toEqual([null, 0])
    })

    it('are read, changed and searched by position', async () => {
      const { redis } = session
      await redis.rpush('l', 'a', 'b', 'a', 'c', 'a')
      expect(await redis.lindex('l', -1)).toBe('a')
      expect(await redis.lpos('l', 'a', { rank: 2 })).toBe(2)
      expect(await redis.lpos('l', 'a', { count: 0 })).toEqual([0, 2, 4])
      expect(await redis.lset('l', 1, 'B')).toBe('OK')
      expect(await redis.linsert('l', 'before', 'B', 'x')).toBe(6)
      expect(await redis.lrem('l', -2, 'a')).toBe(2)
      expect(await redis.lrange('l', 0, -1)).toEqual(['a', 'x', 'B', 'c'])
      expect(await redis.ltrim('l', 1, 2)).toBe('OK')
      expect(await redis.lmove('l', 'm', 'left', 'right')).toBe('x')
      expect([await redis.lrange('l', 0, -1), await redis.lrange('m', 0, -1)]).toEqual([
        ['B'],
        ['x'],
      ])
    })
  })

  describe('sets', () => {
    it('hold members once', async () => {
      const { redis } = session
      expect(await redis.sadd('s', 'a', 'b', 'a')).toBe(2)
      expect((await redis.smembers('s')).sort()).toEqual(['a', 'b'])
      expect(await redis.smismember('s', ['a', 'x'])).toEqual([1, 0])
      expect([await redis.scard('s'), await redis.sismember('s', 'b')]).toEqual([2, 1])
      expect(await redis.smove('s', 't', 'a')).toBe(1)
      expect(await redis.srem('s', 'b', 'x')).toBe(1)
      expect(await redis.exists('s', 't')).toBe(1)
    })

    it('are combined', async () => {
      const { redis } = session
      await redis.sadd('s', 1, 2, 3)
      await redis.sadd('t', 2, 3, 4)
      expect((await redis.sinter('s', 't')).sort()).toEqual([2, 3])
      expect((await redis.sunion('s', 't')).sort()).toEqual([1, 2, 3, 4])
      expect(await redis.sdiff('s', 't')).toEqual([1])
      expect(await redis.sinterstore('u', 's', 't')).toBe(2)
      expect(await redis.sinterstore('u', 's', 'missing')).toBe(0)
      expect(await redis.exists('u')).toBe(0)
    })

    it('give away members at random, each once', async () => {
      const { redis } = session
      const members = Array.from({ length: 40 }, (_, i) => i)
      await redis.sadd('s', 0, ...members)
      expect(members).toContain(await redis.srandmember('s'))
      const popped = (await redis.spop<number>('s', 30)) as unknown as number[]
      expect(new Set(popped).size).toBe(30)
      const left = await redis.smembers<number[]>('s')
      expect([...popped, ...left].sort((a, b) => a - b)).toEqual(members)
      const [, scanned] = await redis.sscan('s', 0, { count: 1_000 })
      expect(scanned).toHaveLength(10)
    })
  })
}
