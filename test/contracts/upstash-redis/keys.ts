import { describe, expect, it } from 'vitest'
import type { RedisSession } from './session.ts'

export function describeKeys(session: RedisSession): void {
  describe('keys', () => {
    it('are counted, typed, renamed, copied and deleted', async () => {
      const { redis } = session
      await redis.set('a', 1)
      await redis.lpush('b', 1)
      expect(await redis.dbsize()).toBe(2)
      expect(await redis.exists('a', 'a', 'missing')).toBe(2)
      expect([await redis.type('a'), await redis.type('b')]).toEqual(['string', 'list'])
      expect(await redis.type('missing')).toBe('none')
      expect(await redis.rename('a', 'c')).toBe('OK')
      expect(await redis.renamenx('c', 'b')).toBe(0)
      expect(await redis.copy('b', 'd')).toBe('COPIED')
      expect(await redis.copy('b', 'd')).toBe('NOT_COPIED')
      expect(await redis.touch('b', 'c', 'missing')).toBe(2)
      expect(await redis.del('b', 'missing')).toBe(1)
      expect(await redis.unlink('c', 'd')).toBe(2)
      expect(await redis.randomkey()).toBeNull()
    })

    it.each([
      ['user:*', ['user:1', 'user:22', 'user:[x]']],
      ['user:?', ['user:1']],
      ['user:[0-9]*', ['user:1', 'user:22']],
      ['user:\\[*', ['user:[x]']],
      ['[^u]*', ['other']],
    ])('match the pattern %s', async (pattern, expected) => {
      await session.redis.mset({ 'user:1': 1, 'user:22': 1, 'user:[x]': 1, other: 1 })
      expect((await session.redis.keys(pattern)).sort()).toEqual(expected)
    })

    it('are scanned completely, page by page, whatever comes and goes meanwhile', async () => {
      const { redis } = session
      const stay = Array.from({ length: 1_000 }, (_, i) => `stay:${i}`)
      await redis.mset(Object.fromEntries(stay.map((key) => [key, 1])))
      const seen = new Set<string>()
      let cursor = '0'
      let pages = 0
      do {
        const [next, names] = await redis.scan(cursor, { match: 'stay:*', count: 50 })
        for (const name of names) seen.add(name)
        await redis.set(`new:${pages}`, 1)
        await redis.del(`new:${pages - 1}`)
        cursor = next
        pages++
      } while (cursor !== '0')
      expect([...seen].sort()).toEqual(stay.sort())
      expect(pages).toBeGreaterThan(5)
    })

    it('are scanned by type', async () => {
      const { redis } = session
      await redis.mset({ a: 1, b: 2 })
      await redis.sadd('c', 1)
      const [, names] = await redis.scan(0, { type: 'set', count: 1_000 })
      expect(names).toEqual(['c'])
    })

    it('are all gone after a flush', async () => {
      const { redis } = session
      await redis.mset({ a: 1, b: 2 })
      expect(await redis.flushall()).toBe('OK')
      expect(await redis.dbsize()).toBe(0)
    })
  })

  describe('the server', () => {
    it('answers, repeats and tells the time', async () => {
      const { redis } = session
      expect(await redis.ping()).toBe('PONG')
      expect(await redis.ping(['hello'])).toBe('hello')
      expect(await redis.echo('Zoë')).toBe('Zoë')
      const [seconds] = await redis.time()
      expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(60)
    })
  })
}
