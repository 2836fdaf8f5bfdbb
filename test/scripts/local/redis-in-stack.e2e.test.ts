import { Redis } from '@upstash/redis'
import { describe, expect, it } from 'vitest'
import { ownStack } from '../../harness/own-stack.ts'
import { flushRedis, withRedisFaults } from '../../harness/redis-faults.ts'

function client(name: 'cache' | 'state'): Redis {
  const credentials = ownStack().redisDatabases[name]
  return new Redis({ ...credentials, enableTelemetry: false, retry: { retries: 0 } })
}

describe('the Redis of the local stack', () => {
  it('has two databases, each behind its own token', async () => {
    await client('cache').set('a', 'cache')
    await client('state').set('a', 'state')
    expect([await client('cache').get('a'), await client('state').get('a')]).toEqual([
      'cache',
      'state',
    ])
    await flushRedis()
    expect([await client('cache').dbsize(), await client('state').dbsize()]).toEqual([0, 0])
  })

  it('fails while a test wants it to', async () => {
    await withRedisFaults({ databases: ['cache'], refuse: true }, async () => {
      await expect(client('cache').ping()).rejects.toThrow('fetch failed')
      expect(await client('state').ping()).toBe('PONG')
    })
    await withRedisFaults({ cutAfter: 1 }, async () => {
      await expect(client('state').set('a', 1)).rejects.toThrow('fetch failed')
    })
    expect(await client('state').get('a')).toBe(1)
    expect(await client('cache').ping()).toBe('PONG')
    await flushRedis()
  })
})
