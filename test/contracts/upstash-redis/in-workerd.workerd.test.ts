import { Redis } from '@upstash/redis/cloudflare'
import { beforeEach, describe, expect, inject, it } from 'vitest'

const databases = inject('redisDatabases')

function client(name: 'cache' | 'state' = 'cache'): Redis {
  return new Redis({ ...databases[name], enableTelemetry: false })
}

describe('@upstash/redis inside workerd', () => {
  beforeEach(() => client().flushdb())

  it('stores and reads any JSON value', async () => {
    const value = { text: 'Zoë 💐\r\n', number: 0.1, list: [1, null, 'OK'], empty: '' }
    expect(await client().set('a', value, { ex: 60 })).toBe('OK')
    expect(await client().get('a')).toEqual(value)
    expect(await client().hset('h', { field: value })).toBe(1)
    expect(await client().hgetall('h')).toEqual({ field: value })
  })

  it('stores a megabyte', async () => {
    const value = 'ë'.repeat(524_288)
    await client().set('a', value)
    expect(await client().get('a')).toBe(value)
  })

  it('keeps the two databases apart, also by their tokens', async () => {
    await client('cache').set('a', 1)
    expect(await client('state').get('a')).toBeNull()
    const wrong = new Redis({ ...databases.cache, token: databases.state.token })
    await expect(wrong.get('a')).rejects.toThrow('WRONGPASS')
  })

  it('finds one holder of a lease among many', async () => {
    const redis = client()
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => redis.set('lease', i, { nx: true, px: 60_000 })),
    )
    expect(answers.filter((answer) => answer === 'OK')).toHaveLength(1)
  })

  it('pipelines with an error in the middle, and runs transactions and scripts', async () => {
    const redis = client()
    const pipeline = redis.pipeline().set('a', 'x').incr('a').get('a')
    const results = await pipeline.exec({ keepErrors: true })
    expect(results.map(({ result, error }) => error ?? result)).toEqual([
      'OK',
      'ERR value is not an integer or out of range',
      'x',
    ])
    expect(await redis.multi().incr('n').incr('n').exec()).toEqual([1, 2])
    expect(await redis.eval(`return redis.call('get', KEYS[1])`, ['n'], [])).toBe(2)
  })
})
