import { describe, expect, it } from 'vitest'
import type { RedisSession } from './session.ts'

const CLIENTS = 50

export function describeRaces(session: RedisSession): void {
  describe(`${CLIENTS} clients at once`, () => {
    function race<T>(act: (client: ReturnType<RedisSession['client']>, i: number) => Promise<T>) {
      return Promise.all(Array.from({ length: CLIENTS }, (_, i) => act(session.client(), i)))
    }

    it('find one of them to set what was not there', async () => {
      const answers = await race((client, i) => client.set('lease', i, { nx: true, px: 60_000 }))
      const winners = answers.flatMap((answer, i) => (answer === 'OK' ? [i] : []))
      expect(winners).toHaveLength(1)
      expect(await session.redis.get('lease')).toBe(winners[0])
    })

    it('set nothing where only what is there may be set', async () => {
      const answers = await race((client, i) => client.set('missing', i, { xx: true }))
      expect(new Set(answers)).toEqual(new Set([null]))
      expect(await session.redis.exists('missing')).toBe(0)
    })

    it('each see a value once when they replace it', async () => {
      await session.redis.set('a', -1)
      const seen = await race((client, i) => client.set('a', i, { get: true }))
      const last = await session.redis.get('a')
      const all = Array.from({ length: CLIENTS + 1 }, (_, i) => i - 1)
      expect([...seen, last].map(Number).sort((a, b) => a - b)).toEqual(all)
    })

    it('count without losing one, and take each item once', async () => {
      await race((client) => client.incr('n'))
      expect(await session.redis.get('n')).toBe(CLIENTS)
      await session.redis.rpush('queue', ...Array.from({ length: CLIENTS }, (_, i) => i))
      const taken = await race((client) => client.lpop<number>('queue'))
      expect(new Set(taken).size).toBe(CLIENTS)
      expect(await session.redis.exists('queue')).toBe(0)
    })
  })
}
