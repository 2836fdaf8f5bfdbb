import { describe, expect, it } from 'vitest'
import { boundMs, parseConsistency, SESSION } from '../../../core/log/consistency.ts'

function bounded(boundMs: number, staleIfErrorMs = 0) {
  return { level: 'bounded', boundMs, staleIfErrorMs }
}

describe('the header Tendril-Consistency', () => {
  it.each([
    [undefined, { level: 'session' }],
    ['session', { level: 'session' }],
    ['strong', { level: 'strong' }],
    [' strong ', { level: 'strong' }],
    ['bounded', bounded(1_000)],
    ['bounded=0', bounded(0)],
    ['bounded=2.5', bounded(2_500)],
    ['bounded=300', bounded(300_000)],
    ['bounded; stale-if-error', bounded(1_000, 3_600_000)],
    ['bounded=5;stale-if-error=60', bounded(5_000, 60_000)],
    ['bounded=5, stale-if-error=3600', bounded(5_000, 3_600_000)],
  ])('%j is %j', (header, expected) => {
    expect(parseConsistency(header)).toEqual(expected)
  })

  it.each([
    ['', 'must be strong, session or bounded'],
    ['Strong', 'must be strong, session or bounded'],
    ['bounded=', 'must be strong, session or bounded'],
    ['bounded=-1', 'must be strong, session or bounded'],
    ['bounded=1e3', 'must be strong, session or bounded'],
    ['bounded=301', 'at most 300 seconds'],
    ['bounded; stale-if-error=3601', 'at most 3600 seconds'],
    ['bounded; max-stale=1', 'must be strong, session or bounded'],
    ['bounded;', 'must be strong, session or bounded'],
    ['strong; stale-if-error', 'strong takes no options'],
    ['session; stale-if-error=1', 'session takes no options'],
  ])('%j is refused: %s', (header, problem) => {
    expect(parseConsistency(header)).toContain(problem)
  })

  it('bounds every level, strong and session at a second', () => {
    expect(boundMs(SESSION)).toBe(1_000)
    expect(boundMs({ level: 'bounded', boundMs: 0, staleIfErrorMs: 5 })).toBe(0)
  })
})
