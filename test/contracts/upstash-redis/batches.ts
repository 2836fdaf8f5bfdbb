import { describe, expect, it } from 'vitest'
import type { RedisSession } from './session.ts'

export function describeBatches(session: RedisSession): void {
  describe('a pipeline', () => {
    it('answers in order, and goes on after an error in the middle', async () => {
      const pipeline = session.redis.pipeline()
      pipeline.set('a', 'text').incr('a').get('a').sadd('a', 1).set('b', 2)
      const results = await pipeline.exec({ keepErrors: true })
      expect(results).toEqual([
        { result: 'OK', error: undefined },
        { result: undefined, error: 'ERR value is not an integer or out of range' },
        { result: 'text', error: undefined },
        {
          result: undefined,
          error: 'WRONGTYPE Operation against a key holding the wrong kind of value',
        },
        { result: 'OK', error: undefined },
      ])
      expect(await session.redis.get('b')).toBe(2)
    })

    it('is not atomic', async () => {
      const { redis } = session
      const watch = async () => {
        for (;;) {
          const [a, b] = await redis.mget<number[]>('a', 'b')
          if (a !== b) return true
          if (a === 4_000) return false
        }
      }
      const pipeline = redis.pipeline()
      for (let i = 1; i <= 4_000; i++) pipeline.set('a', i).set('b', i)
      const [wasSeenHalfway] = await Promise.all([watch(), pipeline.exec()])
      expect(wasSeenHalfway).toBe(true)
    })

    it('is what the client makes of the calls of one moment', async () => {
      const { redis } = session
      const numbers = await Promise.all(Array.from({ length: 200 }, () => redis.incr('n')))
      expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1))
    })
  })

  describe('a transaction', () => {
    it('has errors only where they happened', async () => {
      const transaction = session.redis.multi()
      transaction.set('a', 1).lpush('a', 2).incr('a')
      const response = await session.send('/multi-exec', {
        method: 'POST',
        body: JSON.stringify([
          ['set', 'a', 1],
          ['lpush', 'a', 2],
          ['incr', 'a'],
        ]),
      })
      expect([response.status, await response.json()]).toEqual([
        200,
        [
          { result: 'OK' },
          { error: 'WRONGTYPE Operation against a key holding the wrong kind of value' },
          { result: 2 },
        ],
      ])
      await expect(transaction.exec()).rejects.toThrow('WRONGTYPE')
    })

    it('does nothing when one of its commands can never run', async () => {
      const response = await session.send('/multi-exec', {
        method: 'POST',
        body: JSON.stringify([['set', 'a', 1], ['get']]),
      })
      expect([response.status, await response.json()]).toEqual([
        400,
        { error: 'EXECABORT Transaction discarded because of previous errors.' },
      ])
      expect(await session.redis.get('a')).toBeNull()
    })

    it('lets nobody in between', async () => {
      const clients = Array.from({ length: 50 }, () => session.client())
      const results = await Promise.all(
        clients.map((client) => client.multi().incr('a').incr('b').incr('a').exec()),
      )
      for (const [first, , last] of results) expect(last).toBe(first + 1)
      expect(await session.redis.mget('a', 'b')).toEqual([100, 50])
    })
  })
}
