import { describe, expect, it } from 'vitest'
import { checkGuarantees } from './guarantees.ts'
import { WrittenHistory } from './written-history.ts'

const STRONG = { level: 'strong' } as const
const SESSION = { level: 'session' } as const
const bounded = (boundMs: number) => ({ level: 'bounded', boundMs, staleIfErrorMs: 0 }) as const

/** Two writes of one entity, and what `then` does; `true`: no problem. */
function isFine(then: (history: WrittenHistory, first: number, second: number) => void): boolean {
  const written = new WrittenHistory()
  const first = written.write([1, 2], written.upsert(0), 'committed')
  const second = written.write([3, 4], written.upsert(0), 'committed')
  then(written, first, second)
  return checkGuarantees(written.history).length === 0
}

describe('what reads promise', () => {
  it('session: what the bookmark has seen, and what is younger than a second', () => {
    const reads = (at: number, state: number, after: readonly number[]) =>
      isFine((history) => history.read([at, at + 1], SESSION, [[0, state]], after))
    expect(reads(10, 1, [])).toBe(true)
    expect(reads(10, 0, [])).toBe(true)
    expect(reads(10, 1, [0])).toBe(true)
    expect(reads(10, 0, [0])).toBe(false)
    expect(reads(10, 1, [0, 1])).toBe(false)
    expect(reads(1_004, 1, [])).toBe(true)
    expect(reads(1_005, 1, [])).toBe(false)
  })

  it('session: never back in time, also not behind the read of another who passed a bookmark on', () => {
    const reads = (states: readonly number[]) =>
      isFine((history) => {
        const [one = 0, two = 0, three = 0] = states
        const seen = history.read([10, 11], SESSION, [[0, one]])
        const passed = history.read([12, 13], SESSION, [[0, two]], [seen])
        history.read([14, 15], SESSION, [[0, three]], [passed])
      })
    expect(reads([0, 1, 2])).toBe(true)
    expect(reads([1, 1, 1])).toBe(true)
    expect(reads([2, 1, 2])).toBe(false)
    expect(reads([1, 2, 1])).toBe(false)
  })

  it('session: not behind the state that a strong read was the latest of (R5)', () => {
    const reads = (level: typeof STRONG | typeof SESSION) =>
      isFine((history) => {
        history.write([5, 6], history.upsert(1), 'committed')
        const seen = history.read([10, 11], level, [[0, 2]])
        history.read([12, 13], SESSION, [[1, 0]], [seen])
      })
    expect(reads(SESSION)).toBe(true)
    expect(reads(STRONG)).toBe(false)
  })

  it('bounded: no older than the bound at its arrival', () => {
    const reads = (at: number, state: number, boundMs: number) =>
      isFine((history) => history.read([at, at + 50], bounded(boundMs), [[0, state]]))
    expect(reads(24, 1, 20)).toBe(true)
    expect(reads(25, 1, 20)).toBe(false)
    expect(reads(25, 2, 20)).toBe(true)
    expect(reads(5, 1, 0)).toBe(false)
  })

  it('any level: one state as a whole, that was there by the end', () => {
    const reads = (states: readonly [number, number], end: number) =>
      isFine((history) => {
        history.write([20, 30], history.upsert(0, 1), 'committed')
        history.read([10, end], bounded(10_000), [
          [0, states[0]],
          [1, states[1]],
        ])
      })
    expect(reads([2, 2], 25)).toBe(true)
    expect(reads([3, 3], 25)).toBe(true)
    expect(reads([2, 3], 25)).toBe(false)
    expect(reads([3, 3], 15)).toBe(false)
  })

  it('strong: all that was acknowledged before it began', () => {
    const reads = (begin: number, state: number) =>
      isFine((history) => history.read([begin, 20], STRONG, [[0, state]]))
    expect(reads(4, 1)).toBe(true)
    expect(reads(5, 1)).toBe(false)
    expect(reads(5, 2)).toBe(true)
  })
})
