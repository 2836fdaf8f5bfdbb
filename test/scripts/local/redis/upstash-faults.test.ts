import { Redis } from '@upstash/redis'
import { afterEach, describe, expect, it } from 'vitest'
import { memoryStore } from '../../../../scripts/local/redis/store/memory-store.ts'
import {
  type RedisFault,
  type RedisFaults,
  startUpstashRest,
  type UpstashRest,
} from '../../../../scripts/local/redis/upstash-rest.ts'

const TOKEN = 'token'
const WAIT_MS = 200

let service: UpstashRest | undefined
/** What happens to requests from now on. */
let fault: RedisFault

afterEach(async () => {
  await service?.close()
  service = undefined
  fault = undefined
})

async function startWith(faults: RedisFaults = { beforeExecute: () => fault }): Promise<Redis> {
  service = await startUpstashRest({
    token: TOKEN,
    backend: memoryStore({ remembersOld: true }),
    faults,
  })
  return client()
}

function client(signal?: () => AbortSignal): Redis {
  return new Redis({
    url: service?.url ?? '',
    token: TOKEN,
    enableTelemetry: false,
    // With `false` it tries twice.
    retry: { retries: 0 },
    ...(signal && { signal }),
  })
}

describe('a fault', () => {
  it('before execution cuts the connection and changes nothing', async () => {
    const redis = await startWith()
    fault = 'cut'
    await expect(redis.set('a', 1)).rejects.toThrow('fetch failed')
    fault = undefined
    expect(await redis.get('a')).toBeNull()
  })

  it('before the response loses only the answer', async () => {
    let isCut = true
    const redis = await startWith({ beforeRespond: () => (isCut ? 'cut' : undefined) })
    await expect(redis.incr('a')).rejects.toThrow('fetch failed')
    isCut = false
    expect(await redis.get('a')).toBe(1)
  })

  it('that hangs leaves the caller to its own patience', async () => {
    await startWith()
    fault = 'hang'
    const impatient = client(() => AbortSignal.timeout(WAIT_MS))
    await expect(impatient.get('a')).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  it('can hold a request back, before it ran', async () => {
    const turn = Promise.withResolvers<undefined>()
    const redis = await startWith({
      beforeExecute: ({ commands }) => (commands[0]?.[1] === 'slow' ? turn.promise : undefined),
    })
    // By another client: this one would send both together.
    const slow = client().set('slow', 1)
    await redis.set('fast', 1)
    expect(await redis.exists('fast', 'missing')).toBe(1)
    turn.resolve(undefined)
    expect(await slow).toBe('OK')
  })

  it('in the database is a 500', async () => {
    const redis = await startWith()
    fault = 'fail'
    await expect(redis.get('a')).rejects.toThrow('ERR the database has failed')
  })

  it('loses a write that was answered, and all of a transaction', async () => {
    const redis = await startWith()
    await redis.set('a', 1)
    await redis.hset('h', { f: 1 })
    fault = 'lose'
    expect(await redis.incr('a')).toBe(2)
    expect(await redis.hset('h', { g: 1 })).toBe(1)
    expect(await redis.del('a')).toBe(1)
    expect(await redis.multi().incr('n').lpush('l', 'x').incr('n').exec()).toEqual([1, 1, 2])
    fault = undefined
    expect(await redis.get('a')).toBe(1)
    expect(await redis.hgetall('h')).toEqual({ f: 1 })
    expect(await redis.exists('n', 'l')).toBe(0)
  })

  it('answers what was there before the last write, to who has not seen that', async () => {
    const writer = await startWith()
    const reader = client()
    await writer.set('a', 1)
    await writer.set('a', 2)
    await writer.hset('h', { f: 1 })
    await writer.del('gone')
    fault = 'old'
    expect(await reader.get('a')).toBe(1)
    expect(await client().hgetall('h')).toBeNull()
    fault = undefined
    expect(await reader.mget('a', 'b')).toEqual([2, null])
    fault = 'old'
    // Its sync token says that it has seen them.
    expect(await reader.get('a')).toBe(2)
    expect(await writer.get('a')).toBe(2)
    await writer.set('a', 3)
    expect(await client().get('a')).toBe(2)
    expect(await reader.get('a')).toBe(2)
    expect(await client().incr('a')).toBe(4)
  })

  it('refuses connections until it is over, on the same port', async () => {
    const redis = await startWith()
    await redis.set('a', 1)
    await service?.refuse()
    await expect(redis.get('a')).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
    await service?.accept()
    expect(await redis.get('a')).toBe(1)
  })
})

it('a port that is taken is refused', async () => {
  await startWith()
  const port = Number(new URL(service?.url ?? '').port)
  const backend = memoryStore()
  await expect(startUpstashRest({ token: TOKEN, backend, port })).rejects.toThrow('EADDRINUSE')
  await backend.close()
})
