import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { guardedTier, newBreaker } from '../../../core/cache/guarded-tier.ts'
import type { Tier } from '../../../core/cache/tier.ts'

const GUARD = { timeoutMs: 100, failures: 3, restMs: 1_000 }
const entry = { kind: 'entity', seq: 1, tags: [], value: 1, bytes: 1 } as const

function tierOf(get: Tier['get']): Tier {
  return { name: 'redis', get, set: async () => {}, delete: async () => {} }
}

describe('a guarded tier', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('hands on what the tier gives', async () => {
    const tier = guardedTier(
      tierOf(async () => [entry, null]),
      newBreaker(GUARD),
    )
    expect(await tier.get(['a', 'b'])).toEqual([entry, null])
  })

  it('rejects when the tier takes too long', async () => {
    const tier = guardedTier(
      tierOf(() => new Promise(() => {})),
      newBreaker(GUARD),
    )
    const failed = expect(tier.get(['a'])).rejects.toThrow()
    await vi.advanceTimersByTimeAsync(101)
    await failed
  })

  it('leaves a tier alone that fails again and again, and tries it after a while', async () => {
    let calls = 0
    let isDown = true
    const get = async () => {
      calls += 1
      if (isDown) throw new Error('down')
      return [entry]
    }
    const breaker = newBreaker(GUARD)
    // The breaker outlives the request, and so the tier.
    const read = () => guardedTier(tierOf(get), breaker).get(['a'])
    for (let i = 0; i < 3; i += 1) await expect(read()).rejects.toThrow('down')
    for (let i = 0; i < 10; i += 1) expect(await read()).toEqual([])
    expect(calls).toBe(3)
    await vi.advanceTimersByTimeAsync(1_001)
    await expect(read()).rejects.toThrow('down')
    expect(await read()).toEqual([])
    expect(calls).toBe(4)
    isDown = false
    await vi.advanceTimersByTimeAsync(1_001)
    expect(await read()).toEqual([entry])
    expect(await read()).toEqual([entry])
  })
})
