import { describe, expect, it } from 'vitest'
import type { RedisSession } from './session.ts'

export function describeWire(session: RedisSession): void {
  async function answer(path: string, init?: Parameters<RedisSession['send']>[1]) {
    const response = await session.send(path, init)
    return [response.status, await response.json()]
  }
  const post = (body: unknown) => ({ method: 'POST', body: JSON.stringify(body) })
  const unauthorised = [401, { error: 'WRONGPASS invalid or missing auth token' }]

  describe('a request', () => {
    it('needs the token, in the header or in the query', async () => {
      expect(await answer('/ping', { token: null })).toEqual(unauthorised)
      expect(await answer('/ping', { token: 'wrong' })).toEqual(unauthorised)
      expect(await answer('/ping?_token=wrong', { token: null })).toEqual(unauthorised)
      const token = encodeURIComponent(session.token)
      expect(await answer(`/echo/x?_token=${token}`, { token: null })).toEqual([
        200,
        { result: 'x' },
      ])
      await expect(session.client({ token: 'wrong' }).get('a')).rejects.toThrow('WRONGPASS')
      await expect(session.client({ token: 'wrong' }).set('a', 1)).rejects.toThrow('WRONGPASS')
      expect(await session.redis.exists('a')).toBe(0)
    })

    it('may be a path, with the value as its body and options as its query', async () => {
      expect(await answer('/set/a/b%20c%2Fd/EX/100')).toEqual([200, { result: 'OK' }])
      expect(await answer('/get/a')).toEqual([200, { result: 'b c/d' }])
      const value = '{"raw": "Zoë"}'
      const set = await answer('/set/a?EX=100&NX', { method: 'POST', body: value })
      expect(set).toEqual([200, { result: null }])
      await answer('/set/a?EX=100', { method: 'PUT', body: value })
      expect(await answer('/get/a')).toEqual([200, { result: value }])
      expect(await session.redis.ttl('a')).toBeGreaterThan(0)
    })

    it('has GET, HEAD, POST and PUT', async () => {
      for (const method of ['DELETE', 'PATCH', 'OPTIONS']) {
        expect(await answer('/', { method })).toEqual([405, { error: 'ERR method not allowed' }])
      }
      const head = await session.send('/set/a/1', { method: 'HEAD' })
      expect([head.status, await head.text()]).toEqual([200, ''])
      expect(await session.redis.get('a')).toBe(1)
    })

    it.each([
      ['/', 'not json'],
      ['/', '{"a":1}'],
      ['/', '[]'],
      ['/', '["set","a",{"b":1}]'],
      ['/', '["set","a",null]'],
      ['/pipeline', '[]'],
      ['/pipeline', '["get","a"]'],
      ['/multi-exec', '{}'],
    ])('that is malformed is refused: %s %s', async (path, body) => {
      const [status, problem] = await answer(path, { method: 'POST', body })
      expect(status).toBe(400)
      expect(problem).toEqual({ error: expect.stringMatching(/^ERR /) })
    })

    it('may have numbers and booleans for words', async () => {
      expect(await answer('/', post(['SET', 'a', 1.5, 'EX', 100]))).toEqual([200, { result: 'OK' }])
      await answer('/', post(['set', 'b', true]))
      expect(await answer('/', post(['MGET', 'a', 'b']))).toEqual([
        200,
        { result: ['1.5', 'true'] },
      ])
    })
  })

  describe('an answer', () => {
    it('is encoded by base64 on request, but for OK at the top', async () => {
      const headers = { 'upstash-encoding': 'base64' }
      const encoded = (text: string) => Buffer.from(text).toString('base64')
      const body = [
        ['set', 'a', 'OK'],
        ['get', 'a'],
        ['mget', 'a', 'missing'],
        ['ping'],
        ['eval', "return {redis.call('set', 'b', 1), 7}", 0],
      ]
      expect(await answer('/pipeline', { ...post(body), headers })).toEqual([
        200,
        [
          { result: 'OK' },
          { result: encoded('OK') },
          { result: [encoded('OK'), null] },
          { result: encoded('PONG') },
          { result: [encoded('OK'), 7] },
        ],
      ])
    })

    it('has the shapes of RESP2: pairs as flat arrays, scores as text', async () => {
      await session.redis.hset('h', { a: 1 })
      await session.redis.zadd('z', { score: 1.5, member: 'm' })
      expect(await session.command('hgetall', 'h')).toEqual({ result: ['a', '1'] })
      expect(await session.command('zrange', 'z', 0, -1, 'WITHSCORES')).toEqual({
        result: ['m', '1.5'],
      })
      expect(await session.command('zscore', 'z', 'm')).toEqual({ result: '1.5' })
    })

    it('carries a sync token that grows with writes', async () => {
      const tokenAfter = async (path: string) =>
        Number((await session.send(path)).headers.get('upstash-sync-token'))
      const first = await tokenAfter('/set/a/1')
      expect(await tokenAfter('/set/a/2')).toBeGreaterThan(first)
    })
  })
}
