import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { startCrons } from '../../../scripts/local/crons.ts'
import { JOBS } from '../../../workers/scheduled/jobs.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-11-21T08:15:30Z') })
})

afterEach(() => vi.useRealTimers())

it('the triggers of wrangler.toml are run when they are due, in UTC, until they are stopped', async () => {
  const runs: string[] = []
  const stop = startCrons(async (cron) => {
    runs.push(`${new Date().toISOString().slice(11, 16)} ${cron}`)
  }, expect.fail)
  await vi.advanceTimersByTimeAsync(3 * 60_000)
  const due = ['08:16 * * * * *', '08:17 * * * * *', '08:17 17 * * * *', '08:18 * * * * *']
  expect(runs.sort()).toEqual(due)
  stop()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(runs).toHaveLength(due.length)
})

it('a run that takes long is not joined by another, and one that fails is told of', async () => {
  const failures: string[] = []
  let fail = (_: Error) => {}
  let runs = 0
  const stop = startCrons(
    (cron) => {
      if (cron !== '* * * * *') return Promise.resolve()
      runs += 1
      return new Promise((_resolve, reject) => {
        fail = reject
      })
    },
    (message) => failures.push(message),
  )
  await vi.advanceTimersByTimeAsync(5 * 60_000)
  expect(runs).toBe(1)
  fail(new Error('out of order'))
  await vi.advanceTimersByTimeAsync(60_000)
  expect([runs, failures]).toEqual([2, ['The job * * * * * failed: out of order']])
  stop()
})

it('each trigger has a job', async () => {
  const crons: string[] = []
  const stop = startCrons(async (cron) => void crons.push(cron), expect.fail)
  await vi.advanceTimersByTimeAsync(24 * 60 * 60_000)
  stop()
  expect([...new Set(crons)].sort()).toEqual(Object.keys(JOBS).sort())
})
