import { describe, expect, it } from 'vitest'
import { FOLLOWER_DEADLINE_MS, SingleFlight } from '../../../core/cache/single-flight.ts'
import { ManualWaiting, settled } from './manual-waiting.ts'

/** Work that the test ends, and how often it was begun. */
function pendingWork<T>() {
  const begun: PromiseWithResolvers<T>[] = []
  const work = () => {
    const pending = Promise.withResolvers<T>()
    begun.push(pending)
    return pending.promise
  }
  return { begun, work }
}

describe('work done once for all who ask', () => {
  it('10,000 concurrent readers load once', async () => {
    const flights = new SingleFlight<string>()
    const { begun, work } = pendingWork<string>()
    const waiting = new ManualWaiting()
    const readers = Array.from({ length: 10_000 }, () => flights.run('key', work, waiting))
    await settled()
    begun[0]?.resolve('value')
    expect(new Set(await Promise.all(readers))).toEqual(new Set(['value']))
    expect(begun).toHaveLength(1)
  })

  it('keys do not wait for each other, and what has ended is done anew', async () => {
    const flights = new SingleFlight<string>()
    const { begun, work } = pendingWork<string>()
    const waiting = new ManualWaiting()
    const [a, b] = [flights.run('a', work, waiting), flights.run('b', work, waiting)]
    begun[1]?.resolve('b')
    expect(await b).toBe('b')
    begun[0]?.resolve('a')
    expect(await a).toBe('a')
    void flights.run('a', work, waiting)
    expect(begun).toHaveLength(3)
  })

  it('a follower survives a leader that never settles, and leads for the others', async () => {
    const flights = new SingleFlight<string>()
    const { begun, work } = pendingWork<string>()
    const waiting = new ManualWaiting()
    void flights.run('key', work, waiting)
    const followers = [1, 2, 3].map(() => flights.run('key', work, waiting))
    await waiting.pass(FOLLOWER_DEADLINE_MS - 1)
    expect(begun).toHaveLength(1)
    await waiting.pass(1)
    expect(begun).toHaveLength(2)
    begun[1]?.resolve('value')
    expect(await Promise.all(followers)).toEqual(['value', 'value', 'value'])
  })

  it('a leader’s failure is its own; that of the next one is everybody’s', async () => {
    const flights = new SingleFlight<string>()
    const { begun, work } = pendingWork<string>()
    const waiting = new ManualWaiting()
    const readers = Array.from({ length: 100 }, () => flights.run('key', work, waiting))
    const outcomes = Promise.allSettled(readers)
    begun[0]?.reject(new Error('first'))
    await settled()
    expect(begun).toHaveLength(2)
    begun[1]?.reject(new Error('second'))
    const reasons = (await outcomes).map(
      (each) => each.status === 'rejected' && each.reason.message,
    )
    expect(reasons).toEqual(['first', ...Array(99).fill('second')])
    expect(begun).toHaveLength(2)
  })

  it('a leader that comes back late changes nothing for those who went on without it', async () => {
    const flights = new SingleFlight<string>()
    const { begun, work } = pendingWork<string>()
    const waiting = new ManualWaiting()
    const leader = flights.run('key', work, waiting)
    const follower = flights.run('key', work, waiting)
    await waiting.pass(FOLLOWER_DEADLINE_MS)
    begun[0]?.resolve('old')
    expect(await leader).toBe('old')
    const third = flights.run('key', work, waiting)
    expect(begun).toHaveLength(2)
    begun[1]?.resolve('new')
    expect([await follower, await third]).toEqual(['new', 'new'])
  })
})
