import { describe, expect, it, vi } from 'vitest'
import { PATIENCE } from '../../harness/patience.ts'
import type { RedisSession } from './session.ts'

const HOUR_SECONDS = 3_600
const SHORT_MS = 30

export function describeExpiry(session: RedisSession): void {
  describe('expiry', () => {
    it('takes a key away, of every type', async () => {
      const { redis } = session
      await redis.set('string', 1, { px: SHORT_MS })
      await redis.hset('hash', { a: 1 })
      await redis.pexpire('hash', SHORT_MS)
      await redis.set('stays', 1)
      await vi.waitFor(async () => expect(await redis.exists('string', 'hash')).toBe(0), PATIENCE)
      expect(await redis.get('string')).toBeNull()
      expect(await redis.hget('hash', 'a')).toBeNull()
      expect(await redis.keys('*')).toEqual(['stays'])
    })

    it('is told in seconds and milliseconds, from now and as a time', async () => {
      const { redis } = session
      const atSeconds = Math.floor(Date.now() / 1000) + HOUR_SECONDS
      await redis.set('a', 1, { exat: atSeconds })
      await redis.set('b', 1, { ex: HOUR_SECONDS })
      await redis.set('c', 1, { pxat: atSeconds * 1000 })
      await redis.setex('d', HOUR_SECONDS, 1)
      await redis.psetex('e', HOUR_SECONDS * 1000, 1)
      for (const key of ['a', 'b', 'c', 'd', 'e']) {
        const ttl = await redis.ttl(key)
        expect(ttl).toBeGreaterThan(HOUR_SECONDS - 60)
        expect(ttl).toBeLessThanOrEqual(HOUR_SECONDS)
        expect(await redis.pttl(key)).toBeGreaterThan((HOUR_SECONDS - 60) * 1000)
      }
      expect(await session.command('expiretime', 'a')).toEqual({ result: atSeconds })
      expect([await redis.ttl('missing'), await redis.ttl('missing')]).toEqual([-2, -2])
    })

    it('ends with a write, unless that keeps it or only changes the value', async () => {
      const { redis } = session
      const ttlAfter = async (change: () => Promise<unknown>) => {
        await redis.set('a', 1, { ex: HOUR_SECONDS })
        await change()
        return (await redis.ttl('a')) > 0
      }
      expect(await ttlAfter(() => redis.set('a', 2))).toBe(false)
      expect(await ttlAfter(() => redis.set('a', 2, { keepTtl: true }))).toBe(true)
      expect(await ttlAfter(() => redis.incr('a'))).toBe(true)
      expect(await ttlAfter(() => redis.append('a', '2'))).toBe(true)
      expect(await ttlAfter(() => redis.persist('a'))).toBe(false)
      expect(await ttlAfter(() => redis.getex('a', { persist: true }))).toBe(false)
      expect(await ttlAfter(() => redis.rename('a', 'b').then(() => redis.rename('b', 'a')))).toBe(
        true,
      )
    })

    it('changes only under a condition, when one is given', async () => {
      const { redis } = session
      await redis.set('a', 1)
      expect(await redis.expire('a', HOUR_SECONDS, 'XX')).toBe(0)
      expect(await redis.expire('a', HOUR_SECONDS, 'GT')).toBe(0)
      expect(await redis.expire('a', HOUR_SECONDS, 'NX')).toBe(1)
      expect(await redis.expire('a', HOUR_SECONDS * 2, 'NX')).toBe(0)
      expect(await redis.expire('a', HOUR_SECONDS * 2, 'GT')).toBe(1)
      expect(await redis.expire('a', HOUR_SECONDS, 'LT')).toBe(1)
      expect(await redis.ttl('a')).toBeLessThanOrEqual(HOUR_SECONDS)
    })

    it('in the past deletes at once', async () => {
      const { redis } = session
      await redis.set('a', 1)
      expect(await redis.expire('a', -1)).toBe(1)
      expect(await redis.exists('a')).toBe(0)
      await expect(redis.set('a', 1, { ex: 0 })).rejects.toThrow("invalid expire time in 'set'")
    })
  })
}
