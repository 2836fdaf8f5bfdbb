import { expect, it } from 'vitest'
import { AppError } from '../../../core/errors.ts'
import { failureClass, MAX_ATTEMPTS, retryDelayMs } from '../../../core/jobs/backoff.ts'
import { hasEnded, JOB_STATES, mayCancel, mayRetry } from '../../../core/jobs/job.ts'
import { range } from '../../harness/sequences.ts'

const away = new AppError('unavailable', 'away')

it('waits twice as long each time, at most five minutes, and half of it by chance', () => {
  const longest = range(MAX_ATTEMPTS - 1).map((i) => retryDelayMs(away, i + 1, 1))
  expect(longest.slice(0, 4)).toEqual([2_000, 4_000, 8_000, 16_000])
  expect(longest.at(-1)).toBe(300_000)
  expect(retryDelayMs(away, 3, 0)).toBe(4_000)
  expect(retryDelayMs(away, 3, 0.5)).toBe(6_000)
})

it('never waits less than it was asked to', () => {
  const busy = new AppError('rate_limited', 'too many', { retryAfterSeconds: 60 })
  expect(retryDelayMs(busy, 1, 1)).toBe(60_000)
})

it('gives up at once what the same again would not mend, and the rest after so many attempts', () => {
  expect(retryDelayMs(new AppError('invalid', 'bad'), 1, 1)).toBeNull()
  expect(retryDelayMs(away, MAX_ATTEMPTS, 1)).toBeNull()
  expect(retryDelayMs(new TypeError('ours'), 1, 1)).toBe(4_000)
})

it('tells passing failures from lasting ones', () => {
  expect(failureClass(new AppError('outcome_unknown', ''))).toBe('passing')
  expect(failureClass(new AppError('internal', ''))).toBe('unknown')
  expect(failureClass('a string')).toBe('unknown')
  expect(failureClass(new AppError('gone', ''))).toBe('permanent')
})

it('lets every state be cancelled or left, and only lost ends be retried', () => {
  for (const state of JOB_STATES) expect(mayCancel(state)).toBe(!hasEnded(state))
  expect(JOB_STATES.filter(mayRetry)).toEqual(['failed', 'cancelled'])
})
