import { Redis } from '@upstash/redis'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type LocalRedis, startLocalRedis } from '../../../../scripts/local/redis/local-redis.ts'
import { RedisChaos, redisChaosSettings } from '../../../harness/redis-chaos.ts'

const TOKENS = { cache: 'cache-token', state: 'state-token' }

let chaos: RedisChaos
let service: LocalRedis

beforeEach(async () => {
  chaos = new RedisChaos()
  const faults = { cache: chaos.of('cache'), state: chaos.of('state') }
  service = await startLocalRedis({ tokens: TOKENS, faults })
})
afterEach(() => service.close())

function client(name: 'cache' | 'state'): Redis {
  const { url } = service[name]
  return new Redis({ url, token: TOKENS[name], enableTelemetry: false, retry: { retries: 0 } })
}

function set(settings: Parameters<typeof redisChaosSettings.parse>[0]): Promise<void> {
  return chaos.set(redisChaosSettings.parse(settings), service)
}

it('nothing fails until a test says so', async () => {
  for (const name of ['cache', 'state'] as const) {
    expect(await client(name).set('a', name)).toBe('OK')
  }
  expect(await client('cache').get('a')).toBe('cache')
})

it('only the database that is named fails', async () => {
  await set({ databases: ['cache'], refuse: true })
  await expect(client('cache').get('a')).rejects.toThrow('fetch failed')
  expect(await client('state').get('a')).toBeNull()
  await set({ databases: ['state'], fail: 1 })
  expect(await client('cache').get('a')).toBeNull()
  await expect(client('state').get('a')).rejects.toThrow('the database has failed')
})

it('the same seed gives the same faults', async () => {
  const play = async () => {
    await set({ fail: 0.3, lose: 0.3, cutAfter: 0.2, delayMs: 2, seed: 7 })
    const outcomes: string[] = []
    for (let i = 0; i < 40; i++) {
      outcomes.push(
        await client('cache')
          .set('a', 1)
          .then(String, (error) => error.message),
      )
    }
    return outcomes
  }
  const first = await play()
  expect(new Set(first).size).toBe(3)
  expect(await play()).toEqual(first)
})

it('writes are lost and old values read as told', async () => {
  await client('cache').set('a', 1)
  await set({ lose: 1 })
  expect(await client('cache').set('a', 2)).toBe('OK')
  await set({})
  expect(await client('cache').get('a')).toBe(1)
  await client('cache').set('a', 3)
  await set({ old: 1 })
  expect(await client('cache').get('a')).toBe(1)
})

it('settings that are none are named', () => {
  expect(() => redisChaosSettings.parse({ loose: 1 })).toThrow('loose')
  expect(() => redisChaosSettings.parse({ lose: 2 })).toThrow('lose')
})
