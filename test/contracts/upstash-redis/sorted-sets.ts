import { describe, expect, it } from 'vitest'
import type { RedisSession } from './session.ts'

export function describeSortedSets(session: RedisSession): void {
  describe('sorted sets', () => {
    it('order members by score, and by bytes where scores are equal', async () => {
      const { redis } = session
      expect(await redis.zadd('z', { score: 2, member: 'b' }, { score: 2, member: 'B' })).toBe(2)
      await redis.zadd('z', { score: -1, member: 'c' }, { score: 2.5, member: 'a' })
      expect(await redis.zrange('z', 0, -1)).toEqual(['c', 'B', 'b', 'a'])
      expect(await redis.zrange('z', 0, 0, { rev: true, withScores: true })).toEqual(['a', 2.5])
      expect(await redis.zrange('z', '(-1', 2, { byScore: true })).toEqual(['B', 'b'])
      const page = { byScore: true, rev: true, offset: 1, count: 2 } as const
      expect(await redis.zrange('z', '+inf' as const, '-inf' as const, page)).toEqual(['b', 'B'])
      expect([await redis.zrank('z', 'B'), await redis.zrevrank('z', 'B')]).toEqual([1, 2])
      expect([await redis.zscore('z', 'a'), await redis.zscore('z', 'x')]).toEqual([2.5, null])
      expect(await redis.zmscore('z', ['a', 'x'])).toEqual([2.5, null])
      expect([await redis.zcard('z'), await redis.zcount('z', 2, 3)]).toEqual([4, 3])
    })

    it('change scores under conditions', async () => {
      const { redis } = session
      await redis.zadd('z', { score: 5, member: 'a' })
      expect(await redis.zadd('z', { nx: true }, { score: 9, member: 'a' })).toBe(0)
      expect(await redis.zadd('z', { xx: true }, { score: 9, member: 'b' })).toBe(0)
      expect(await redis.zadd('z', { gt: true, ch: true }, { score: 4, member: 'a' })).toBe(0)
      expect(await redis.zadd('z', { lt: true, ch: true }, { score: 4, member: 'a' })).toBe(1)
      expect(await redis.zadd('z', { incr: true }, { score: 1.5, member: 'a' })).toBe(5.5)
      expect(await redis.zincrby('z', -0.5, 'a')).toBe(5)
      expect(await redis.zrange('z', 0, -1, { withScores: true })).toEqual(['a', 5])
    })

    it('are ranges of names when all scores are equal', async () => {
      const { redis } = session
      const [first, ...others] = ['a', 'b', 'c', 'd'].map((member) => ({ score: 0, member }))
      if (first) await redis.zadd('z', first, ...others)
      expect(await redis.zrange('z', '[b', '(d', { byLex: true })).toEqual(['b', 'c'])
      expect(await redis.zlexcount('z', '-', '[b')).toBe(2)
      expect(await redis.zremrangebylex('z', '-', '(c')).toBe(2)
      expect(await redis.zrange('z', '-' as never, '+' as never, { byLex: true })).toEqual([
        'c',
        'd',
      ])
    })

    it('lose members by name, rank, score and from the ends', async () => {
      const { redis } = session
      for (let i = 0; i < 10; i++) await redis.zadd('z', { score: i, member: `m${i}` })
      expect(await redis.zrem('z', 'm0', 'x')).toBe(1)
      expect(await redis.zremrangebyrank('z', 0, 0)).toBe(1)
      expect(await redis.zremrangebyscore('z', 2, '(5')).toBe(3)
      expect(await redis.zpopmin('z')).toEqual(['m5', 5])
      expect(await redis.zpopmax('z', 2)).toEqual(['m9', 9, 'm8', 8])
      expect(await redis.zrange('z', 0, -1)).toEqual(['m6', 'm7'])
    })

    it('are combined with weights', async () => {
      const { redis } = session
      await redis.zadd('y', { score: 1, member: 'a' }, { score: 2, member: 'b' })
      await redis.zadd('z', { score: 10, member: 'b' }, { score: 20, member: 'c' })
      expect(await redis.zunion(2, ['y', 'z'], { withScores: true })).toEqual([
        'a',
        1,
        'b',
        12,
        'c',
        20,
      ])
      expect(await redis.zinterstore('u', 2, ['y', 'z'], { weights: [2, 1] })).toBe(1)
      expect(await redis.zscore('u', 'b')).toBe(14)
      expect(await redis.zdiffstore('u', 2, 'y', 'z')).toBe(1)
      expect(await redis.zrange('u', 0, -1)).toEqual(['a'])
    })

    it('are scanned completely', async () => {
      const { redis } = session
      const pairs = Array.from({ length: 300 }, (_, i) => ({ score: i, member: `m${i}` }))
      const [first, ...others] = pairs
      if (first) await redis.zadd('z', first, ...others)
      const seen = new Set<unknown>()
      let cursor = '0'
      do {
        const [next, found] = await redis.zscan('z', cursor, { count: 40 })
        for (let i = 0; i < found.length; i += 2) seen.add(found[i])
        cursor = next
      } while (cursor !== '0')
      expect(seen.size).toBe(300)
    })
  })
}
