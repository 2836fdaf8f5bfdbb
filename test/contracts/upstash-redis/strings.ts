import { describe, expect, it } from 'vitest'
import type { RedisSession } from './session.ts'

export function describeStrings(session: RedisSession): void {
  describe('strings', () => {
    it('are set only when new, or only when there', async () => {
      const { redis } = session
      expect(await redis.set('a', 1, { xx: true })).toBeNull()
      expect(await redis.set('a', 1, { nx: true })).toBe('OK')
      expect(await redis.set('a', 2, { nx: true })).toBeNull()
      expect(await redis.get('a')).toBe(1)
      expect(await redis.set('a', 3, { xx: true })).toBe('OK')
      expect(await redis.setnx('a', 4)).toBe(0)
      expect(await redis.setnx('b', 4)).toBe(1)
    })

    it('answer what they replace', async () => {
      const { redis } = session
      expect(await redis.set('a', 1, { get: true })).toBeNull()
      expect(await redis.set('a', 2, { get: true })).toBe(1)
      expect(await redis.set('a', 3, { get: true, nx: true })).toBe(2)
      expect(await redis.getset('a', 4)).toBe(2)
      expect(await redis.getdel('a')).toBe(4)
      expect(await redis.get('a')).toBeNull()
    })

    it('are read and written several at once', async () => {
      const { redis } = session
      expect(await redis.mset({ a: 1, b: 'two' })).toBe('OK')
      expect(await redis.mget('a', 'missing', 'b')).toEqual([1, null, 'two'])
      expect(await redis.msetnx({ b: 1, c: 1 })).toBe(0)
      expect(await redis.exists('a', 'b', 'c')).toBe(2)
    })

    it('count up to 64 bits, and no further', async () => {
      const { redis } = session
      expect(await redis.incr('n')).toBe(1)
      expect(await redis.incrby('n', 41)).toBe(42)
      expect(await redis.decrby('n', 50)).toBe(-8)
      expect(await redis.decr('n')).toBe(-9)
      await session.command('set', 'n', '9223372036854775806')
      const response = await session.send('/incr/n')
      expect(await response.text()).toBe('{"result":9223372036854775807}')
      await expect(redis.incr('n')).rejects.toThrow('increment or decrement would overflow')
    })

    it('add fractions as a person would', async () => {
      const { redis } = session
      await redis.set('n', 0.1)
      expect(await redis.incrbyfloat('n', 0.2)).toBe(0.3)
      expect(await redis.incrbyfloat('n', -0.3)).toBe(0)
      expect(await session.command('incrbyfloat', 'n', '5.0e3')).toEqual({ result: '5000' })
    })

    it('grow, and are read and written in part, by bytes', async () => {
      const { redis } = session
      expect(await redis.append('a', 'Zoë')).toBe(4)
      expect(await redis.append('a', '!')).toBe(5)
      expect(await redis.strlen('a')).toBe(5)
      expect(await redis.getrange('a', 0, 1)).toBe('Zo')
      expect(await redis.getrange('a', -1, -1)).toBe('!')
      expect(await redis.setrange('a', 7, 'x')).toBe(8)
      expect(await session.command('get', 'a')).toEqual({ result: 'Zoë!\0\0x' })
    })
  })
}
