import { describe, expect, it } from 'vitest'
import { parseEnv } from '../env.ts'

const NEEDED = {
  GRAPH_LOG: {},
  LOG_QUEUE: {},
  LOG_BACKLOG_QUEUE: {},
  JOBS_HIGH_QUEUE: {},
  JOBS_NORMAL_QUEUE: {},
  JOBS_LOW_QUEUE: {},
  FILES: {},
  TENDRIL_CATALOG_URL: 'postgres://tendril_app:password@example.com/catalog',
  TENDRIL_SHARDS: '[{"id":"shard-1","url":"postgres://tendril_app:password@example.com/shard"}]',
  TENDRIL_JWT_SECRET: 'x'.repeat(32),
}

describe('the Redis databases', () => {
  const cache = {
    UPSTASH_REDIS_CACHE_URL: 'https://example.upstash.io',
    UPSTASH_REDIS_CACHE_TOKEN: 'token',
  }

  it('may be absent, both or one of them', () => {
    expect(parseEnv(NEEDED).UPSTASH_REDIS_CACHE_URL).toBeUndefined()
    expect(parseEnv({ ...NEEDED, ...cache })).toMatchObject(cache)
  })

  it.each([
    ['UPSTASH_REDIS_CACHE_TOKEN', { UPSTASH_REDIS_CACHE_URL: 'https://example.upstash.io' }],
    ['UPSTASH_REDIS_STATE_URL', { UPSTASH_REDIS_STATE_TOKEN: 'secret' }],
    ['UPSTASH_REDIS_CACHE_URL', { ...cache, UPSTASH_REDIS_CACHE_URL: 'redis://example.com' }],
    [
      'UPSTASH_REDIS_STATE_TOKEN',
      { UPSTASH_REDIS_STATE_URL: 'https://a.b', UPSTASH_REDIS_STATE_TOKEN: '' },
    ],
  ])('need URL and token together, well-formed: %s is named, and no value', (name, given) => {
    expect(() => parseEnv({ ...NEEDED, ...given })).toThrow(`incomplete: ${name}: `)
    expect(() => parseEnv({ ...NEEDED, ...given })).not.toThrow(/secret|example/)
  })
})
