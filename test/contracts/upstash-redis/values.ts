import { describe, expect, it } from 'vitest'
import type { RedisSession } from './session.ts'

const NASTY = 'Zoë said "it\'s {a,b}" \\ NULL\r\n\t💐 Жук'

export function describeValues(session: RedisSession): void {
  describe('a value', () => {
    it.each([
      ['text', NASTY],
      ['an empty string', ''],
      ['a number', 42],
      ['a fraction', 0.1],
      ['a boolean', true],
      ['an object', { a: [1, 'two', null], 'b"': NASTY }],
      ['null', null],
      ['a number that JSON cannot hold, as text', '9007199254740993123'],
      ['a zero in front', '007'],
      ['the word of success', 'OK'],
      ['what looks like base64', 'T0s='],
    ])('of %s comes back as it was sent', async (_, value) => {
      const { redis } = session
      expect(await redis.set('key', value)).toBe('OK')
      expect(await redis.get('key')).toEqual(value)
      expect(await redis.hset('hash', { field: value })).toBe(1)
      expect(await redis.hget('hash', 'field')).toEqual(value)
      expect(await redis.mget('key', 'missing')).toEqual([value, null])
    })

    it('that looks like a number comes as one, or as it is when the client is told so', async () => {
      const { redis } = session
      await redis.set('key', '42')
      expect(await redis.get('key')).toBe(42)
      const raw = session.client({ automaticDeserialization: false })
      expect(await raw.get('key')).toBe('42')
      await raw.set('key', '1e3')
      expect(await raw.get('key')).toBe('1e3')
    })

    it('of a megabyte comes back whole', async () => {
      const value = NASTY.repeat(Math.ceil(1_048_576 / Buffer.byteLength(NASTY)))
      await session.redis.set('key', value)
      expect(await session.redis.strlen('key')).toBe(Buffer.byteLength(value))
      expect(await session.redis.get('key')).toBe(value)
    })

    it('of any bytes is kept, in keys and fields, too', async () => {
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
      const escaped = Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
      await session.send(`/set/${escaped}`, { method: 'POST', body: bytes })
      const headers = { 'upstash-encoding': 'base64' }
      const expected = Buffer.from(bytes).toString('base64')
      for (const path of [`/get/${escaped}`, '/randomkey']) {
        const response = await session.send(path, { headers })
        expect(await response.json()).toEqual({ result: expected })
      }
      await session.send(`/hset/hash/${escaped}/${escaped}`)
      const hash = await session.send('/hgetall/hash', { headers })
      expect(await hash.json()).toEqual({ result: [expected, expected] })
    })

    it('is the same without base64', async () => {
      const plain = session.client({ responseEncoding: false })
      await plain.set('key', { text: NASTY })
      expect(await plain.get('key')).toEqual({ text: NASTY })
      expect(await session.redis.get('key')).toEqual({ text: NASTY })
    })
  })
}
