import { describe, expect, it } from 'vitest'
import type { RedisSession } from './session.ts'

const RELEASE = `
  if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end
  return 0`

/** As @upstash/ratelimit begins its scripts; stock Redis refuses that flag. */
const FLAGGED = `#!lua flags=allow-key-locking
  local count = redis.call('INCRBY', KEYS[1], ARGV[1])
  if count == tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
  return {count, redis.call('PTTL', KEYS[1]) > 0}`

export function describeScripts(session: RedisSession): void {
  describe('scripts', () => {
    it('delete a lease only for who holds it', async () => {
      const { redis } = session
      await redis.set('lease', 'mine')
      expect(await redis.eval(RELEASE, ['lease'], ['other'])).toBe(0)
      expect(await redis.eval(RELEASE, ['lease'], ['mine'])).toBe(1)
      expect(await redis.exists('lease')).toBe(0)
    })

    it('are known by their digest once they were sent', async () => {
      const { redis } = session
      const script = redis.createScript(FLAGGED)
      expect(await script.exec(['counter'], ['2', '60000'])).toEqual([2, 1])
      expect(await script.exec(['counter'], ['2', '60000'])).toEqual([4, 1])
      await redis.scriptFlush()
      await expect(script.evalsha(['counter'], ['2', '60000'])).rejects.toThrow('NOSCRIPT')
      expect(await script.exec(['counter'], ['2', '60000'])).toEqual([6, 1])
      expect(await redis.scriptLoad(RELEASE)).toMatch(/^[0-9a-f]{40}$/)
    })

    it('get and give every kind of value', async () => {
      await session.redis.set('n', 5)
      const source = `
        local read = redis.call('get', 'missing')
        local failed = redis.pcall('lpush', 'n', 1)
        return {read == false, ARGV[1], #ARGV[1], 3.99, true, {1, {2}}, failed.err, 10 / 2, nil, 'lost'}`
      expect(await session.redis.eval(source, [], ['Zoë'])).toEqual([
        1,
        'Zoë',
        4,
        3,
        1,
        [1, [2]],
        'WRONGTYPE Operation against a key holding the wrong kind of value',
        5,
      ])
      expect(await session.redis.eval(`return redis.status_reply('OK')`, [], [])).toBe('OK')
      await expect(session.redis.eval(`return redis.error_reply('no')`, [], [])).rejects.toThrow(
        'no',
      )
    })

    it('write numbers as Redis does', async () => {
      await session.redis.eval(
        `redis.call('set', 'a', 10 / 2) redis.call('set', 'b', 0.5) redis.call('set', 'c', 2 ^ 40)`,
        [],
        [],
      )
      expect(await session.command('mget', 'a', 'b', 'c')).toEqual({
        result: ['5', '0.5', '1099511627776'],
      })
    })

    it('stop at an error, and what they did before stays', async () => {
      const { redis } = session
      const source = `redis.call('set', 'a', 1) redis.call('lpush', 'a', 1) redis.call('set', 'a', 2)`
      await expect(redis.eval(source, [], [])).rejects.toThrow('WRONGTYPE')
      expect(await redis.get('a')).toBe(1)
      await expect(redis.eval('return {', [], [])).rejects.toThrow('Error compiling script')
    })

    it('run alone', async () => {
      const source = `
        local n = redis.call('get', KEYS[1]) or 0
        redis.call('set', KEYS[1], n + 1)`
      const clients = Array.from({ length: 20 }, () => session.client())
      await Promise.all(clients.map((client) => client.eval(source, ['n'], [])))
      expect(await session.redis.get('n')).toBe(20)
    })
  })
}
