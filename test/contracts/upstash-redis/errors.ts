import { describe, expect, it } from 'vitest'
import type { RedisSession } from './session.ts'

const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value'

export function describeErrors(session: RedisSession): void {
  describe('an error', () => {
    it.each<[string, (string | number)[], string]>([
      [
        'an unknown command',
        ['nosuch', 'a', 'b c'],
        "ERR unknown command 'nosuch', with args beginning with: 'a' 'b c' ",
      ],
      ['too few words', ['GET'], "ERR wrong number of arguments for 'get' command"],
      ['too many words', ['get', 'a', 'b'], "ERR wrong number of arguments for 'get' command"],
      ['half a pair', ['mset', 'a', 1, 'b'], "ERR wrong number of arguments for 'mset' command"],
      ['an unknown option', ['set', 'a', 1, 'OOPS'], 'ERR syntax error'],
      ['options that exclude each other', ['set', 'a', 1, 'NX', 'XX'], 'ERR syntax error'],
      ['no integer', ['incrby', 'a', '1.5'], 'ERR value is not an integer or out of range'],
      ['no time', ['set', 'a', 1, 'EX', -1], "ERR invalid expire time in 'set' command"],
      ['no score', ['zadd', 'a', 'x', 'm'], 'ERR value is not a valid float'],
      ['no end of a range', ['zrangebyscore', 'a', 'x', 1], 'ERR min or max is not a float'],
      ['no key to rename', ['rename', 'missing', 'b'], 'ERR no such key'],
      ['no cursor', ['scan', 'x'], 'ERR invalid cursor'],
      ['another type', ['lpush', 'string', 1], WRONG_TYPE],
      ['another type, for a hash', ['hset', 'string', 'a', 1], WRONG_TYPE],
      ['another type, for a set', ['sadd', 'string', 1], WRONG_TYPE],
      ['another type, for a sorted set', ['zrange', 'string', 0, -1], WRONG_TYPE],
      ['another type, for a string', ['get', 'list'], WRONG_TYPE],
    ])('is what Redis says of %s', async (_, command, expected) => {
      await session.redis.set('string', 'text')
      await session.redis.rpush('list', 1)
      const response = await session.send('/', { method: 'POST', body: JSON.stringify(command) })
      expect([response.status, await response.json()]).toEqual([400, { error: expected }])
    })

    it('reaches the caller of the client', async () => {
      await session.redis.set('string', 'text')
      await expect(session.redis.incr('string')).rejects.toThrow(
        'ERR value is not an integer or out of range',
      )
      await expect(
        session.redis.flushdb().then(() => session.redis.rename('a', 'b')),
      ).rejects.toThrow('ERR no such key')
    })

    it.each(['blpop', 'SUBSCRIBE', 'watch', 'multi', 'select', 'config', 'swapdb'])(
      'refuses %s, which Upstash does not have',
      async (name) => {
        const response = await session.send('/', {
          method: 'POST',
          body: JSON.stringify([name, 'a', 1]),
        })
        expect([response.status, await response.json()]).toEqual([
          400,
          { error: `ERR Command is not available: '${name.toUpperCase()}'` },
        ])
      },
    )

    it('refuses keys and commands larger than Upstash takes', async () => {
      await expect(session.redis.set('k'.repeat(32_769), 1)).rejects.toThrow(
        'ERR max key size exceeded. Limit: 32768 bytes, Actual: 32769 bytes',
      )
      const { error } = (await session.command('set', 'a', 'x'.repeat(10_485_760))) as {
        error: string
      }
      expect(error).toMatch(/^ERR max request size exceeded. Limit: 10485760 bytes, /)
      expect(await session.redis.dbsize()).toBe(0)
    })
  })
}
