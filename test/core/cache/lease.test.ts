import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LEASE_MS } from '../../../core/cache/lease.ts'
import { CacheIsolate, FakeLog } from '../../fakes/cache-isolate.ts'
import { FakeRedis } from '../../fakes/fake-redis.ts'

let log: FakeLog
let redis: FakeRedis

beforeEach(() => {
  vi.useFakeTimers()
  log = new FakeLog()
  redis = new FakeRedis()
  log.touch('hot')
})

afterEach(() => {
  vi.useRealTimers()
})

function isolates(count: number): CacheIsolate[] {
  return Array.from({ length: count }, () => new CacheIsolate(log, redis))
}

/** What `work` gives, with all the time that it takes passed over. */
async function inTime<T>(work: Promise<T> | undefined): Promise<T | undefined> {
  let isDone = false
  const done = Promise.resolve(work).finally(() => {
    isDone = true
  })
  done.catch(() => {})
  while (!isDone) await vi.advanceTimersByTimeAsync(1)
  return done
}

function readAll(all: readonly CacheIsolate[], readers: number): Promise<number[]> {
  return Promise.all(
    all.flatMap((isolate) => Array.from({ length: readers }, () => isolate.read('hot'))),
  )
}

describe('a cold value', () => {
  it('that 10,000 concurrent readers of one isolate want is looked for and loaded once', async () => {
    const [isolate] = isolates(1)
    const values = await inTime(readAll(isolate ? [isolate] : [], 10_000))
    expect(new Set(values)).toEqual(new Set([1]))
    expect(values).toHaveLength(10_000)
    expect(log.loads).toBe(1)
    expect(isolate?.count('joined')).toBe(9_999)
    // One look at Redis, and one write that ends the lease, too.
    await vi.advanceTimersByTimeAsync(10)
    expect(redis.calls).toEqual({ claim: 1, setAll: 1 })
    expect(redis.leases()).toEqual([])
  })

  it('that many isolates want is loaded by one of them', async () => {
    const all = isolates(20)
    expect(await inTime(readAll(all, 50))).toEqual(Array.from({ length: 1_000 }, () => 1))
    expect(log.loads).toBe(1)
    expect(all.filter((isolate) => isolate.count('lease_waits') === 1)).toHaveLength(19)
  })

  it('is loaded at most once in each period of the lease when loads take longer', async () => {
    log.loadMs = 2.5 * LEASE_MS
    const loadsAt: number[] = []
    const load = log.load.bind(log)
    log.load = (name) => {
      loadsAt.push(Date.now())
      return load(name)
    }
    expect(await inTime(readAll(isolates(10), 1))).toHaveLength(10)
    expect(loadsAt).toHaveLength(3)
    for (const [i, at] of loadsAt.slice(1).entries()) {
      expect(at - (loadsAt[i] ?? 0)).toBeGreaterThanOrEqual(LEASE_MS)
    }
  })

  it('is loaded by another isolate at once when the first one fails', async () => {
    log.onLoad = async (load) => {
      if (load === 1) throw new Error('the database went away')
    }
    const [first, second] = isolates(2)
    const failing = first?.read('hot').catch((error: Error) => error.message)
    await vi.advanceTimersByTimeAsync(5)
    const began = Date.now()
    const value = second?.read('hot')
    expect(await inTime(failing)).toBe('the database went away')
    expect(await inTime(value)).toBe(1)
    expect(Date.now() - began).toBeLessThan(LEASE_MS / 2)
    expect(log.loads).toBe(2)
  })

  it('is loaded by another isolate after the deadline when the first one dies', async () => {
    const [first, second] = isolates(2)
    log.onLoad = (load) => (load === 1 ? new Promise(() => {}) : Promise.resolve())
    void first?.read('hot')
    await vi.advanceTimersByTimeAsync(5)
    const began = Date.now()
    expect(await inTime(second?.read('hot'))).toBe(1)
    expect(Date.now() - began).toBeGreaterThan(LEASE_MS / 2)
    expect(Date.now() - began).toBeLessThan(2 * LEASE_MS)
    expect(log.loads).toBe(2)
  })
})

describe('what another isolate has loaded', () => {
  it('is not served when it was changed meanwhile', async () => {
    const [slow, strong] = isolates(2)
    log.loadMs = 200
    const stale = slow?.read('hot')
    // It has read the value by now, and is late with storing it.
    await vi.advanceTimersByTimeAsync(100)
    log.touch('hot')
    const fresh = strong?.read('hot')
    expect(await inTime(fresh)).toBe(2)
    expect([1, 2]).toContain(await inTime(stale))
    expect(log.loads).toBeGreaterThanOrEqual(2)
  })

  it('of an outdated value is waited for as well', async () => {
    const all = isolates(8)
    await inTime(readAll(all, 1))
    expect(log.loads).toBe(1)
    log.touch('hot')
    expect(await inTime(readAll(all, 10))).toEqual(Array.from({ length: 80 }, () => 2))
    expect(log.loads).toBe(2)
  })

  it('is found outdated by an isolate without memory of it, which then loads as well', async () => {
    const [first] = isolates(1)
    await inTime(first?.read('hot'))
    log.touch('hot')
    redis.calls.claim = 0
    const all = isolates(8)
    expect(await inTime(readAll(all, 1))).toEqual(Array.from({ length: 8 }, () => 2))
    expect(log.loads).toBe(2)
  })
})

describe('without a Redis that answers', () => {
  it('each isolate loads for itself, without delay and without error', async () => {
    redis.isDown = true
    const all = isolates(5)
    const began = Date.now()
    expect(await inTime(readAll(all, 10))).toEqual(Array.from({ length: 50 }, () => 1))
    expect(log.loads).toBe(5)
    expect(Date.now() - began).toBeLessThan(log.loadMs + 10)
  })

  it('nobody waits longer than its guard does', async () => {
    redis.latencyMs = 60_000
    const [isolate] = isolates(1)
    const began = Date.now()
    expect(await inTime(isolate?.read('hot'))).toBe(1)
    expect(Date.now() - began).toBeLessThan(250 + log.loadMs + 10)
  })

  it('that goes away while one waits, one loads for oneself', async () => {
    const [first, second] = isolates(2)
    log.loadMs = 1_000
    const other = first?.read('hot')
    await vi.advanceTimersByTimeAsync(5)
    const waiting = second?.read('hot')
    await vi.advanceTimersByTimeAsync(100)
    redis.isDown = true
    expect(await inTime(waiting)).toBe(1)
    expect(await inTime(other)).toBe(1)
    expect(log.loads).toBe(2)
  })
})
