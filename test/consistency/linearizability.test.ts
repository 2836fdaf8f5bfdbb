import { describe, expect, it } from 'vitest'
import { checkLinearizable } from './linearizability.ts'
import { WrittenHistory } from './written-history.ts'

const STRONG = { level: 'strong' } as const

function verdict(write: (history: WrittenHistory) => void): string {
  const written = new WrittenHistory()
  write(written)
  return checkLinearizable(written.history)
}

describe('the search for an order', () => {
  it('accepts reads of what was written before', () => {
    const found = verdict((history) => {
      history.write([1, 2], history.upsert(0), 'committed')
      history.read([3, 4], STRONG, [[0, 1]])
      history.write([5, 6], history.upsert(0), 'committed')
      history.read([7, 8], STRONG, [[0, 2]])
    })
    expect(found).toBe('linearizable')
  })

  it('rejects a read of what was overwritten before it began', () => {
    const found = verdict((history) => {
      history.write([1, 2], history.upsert(0), 'committed')
      history.write([3, 4], history.upsert(0), 'committed')
      history.read([5, 6], STRONG, [[0, 1]])
    })
    expect(found).toBe('not linearizable')
  })

  it('rejects a read of what was written after it ended', () => {
    const found = verdict((history) => {
      history.write([5, 6], history.upsert(0), 'committed')
      history.read([1, 2], STRONG, [[0, 1]])
    })
    expect(found).toBe('not linearizable')
  })

  it('accepts either value while a write is under way, and not the old one after the new', () => {
    const reads = (seen: readonly [number, number]) =>
      verdict((history) => {
        history.write([1, 10], history.upsert(0), 'committed')
        history.read([2, 3], STRONG, [[0, seen[0]]])
        history.read([4, 5], STRONG, [[0, seen[1]]])
      })
    expect([reads([0, 0]), reads([0, 1]), reads([1, 1])]).toEqual(Array(3).fill('linearizable'))
    expect(reads([1, 0])).toBe('not linearizable')
  })

  it('lets a write of unknown outcome be done late or never, but not before it began', () => {
    const never = Number.POSITIVE_INFINITY
    const reads = (seen: readonly number[], begin = 1) =>
      verdict((history) => {
        history.write([begin, never], history.upsert(0), 'unknown')
        seen.forEach((state, i) => {
          history.read([3 + i * 2, 4 + i * 2], STRONG, [[0, state]])
        })
      })
    for (const seen of [[], [0, 0, 0], [0, 0, 1], [1, 1, 1]]) {
      expect(reads(seen)).toBe('linearizable')
    }
    expect(reads([1, 0])).toBe('not linearizable')
    expect(reads([1], 5)).toBe('not linearizable')
  })

  it('orders writes as it has to, whatever the database did', () => {
    const found = verdict((history) => {
      history.write([1, 10], history.upsert(0), 'committed', 2)
      history.write([1, 10], history.upsert(0), 'committed', 3)
      history.read([4, 5], STRONG, [[0, 2]])
      history.read([6, 12], STRONG, [[0, 1]])
    })
    expect(found).toBe('linearizable')
  })

  it('rejects parts that never were there together', () => {
    const reads = (states: readonly [number, number]) =>
      verdict((history) => {
        history.write([1, 10], history.upsert(0, 1), 'committed')
        history.read([2, 3], STRONG, [
          [0, states[0]],
          [1, states[1]],
        ])
      })
    expect([reads([0, 0]), reads([1, 1])]).toEqual(['linearizable', 'linearizable'])
    expect([reads([0, 1]), reads([1, 0])]).toEqual(['not linearizable', 'not linearizable'])
  })

  it('asks of a refused write that something stood in its way', () => {
    const creates = (isThere: boolean) =>
      verdict((history) => {
        if (isThere) history.write([1, 2], history.upsert(0), 'committed')
        history.write([3, 4], history.create(0), 'refused', null)
      })
    expect(creates(true)).toBe('linearizable')
    expect(creates(false)).toBe('not linearizable')
  })

  it('asks of a committed write that nothing did', () => {
    const found = verdict((history) => {
      history.write([1, 2], history.upsert(0), 'committed')
      history.write([3, 4], history.create(0), 'committed', null)
    })
    expect(found).toBe('not linearizable')
  })

  it('does not look at reads of other levels', () => {
    const found = verdict((history) => {
      history.write([1, 2], history.upsert(0), 'committed')
      history.read([3, 4], { level: 'session' }, [[0, 0]])
    })
    expect(found).toBe('linearizable')
  })
})
