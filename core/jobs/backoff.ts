import { isAppError } from '../errors.ts'

/** Runs without a chunk done, after which a job is given up. */
export const MAX_ATTEMPTS = 12

/** First and longest wait, in milliseconds, before a job that failed for a passing reason is run again. */
const FIRST_DELAY_MS = 2_000
const MAX_DELAY_MS = 5 * 60_000

/** `permanent`: the same again would fail again. `busy`: somebody asked us to wait. */
export type FailureClass = 'permanent' | 'busy' | 'passing' | 'unknown'

/** What a failure of a chunk means for its job. */
export function failureClass(error: unknown): FailureClass {
  // Whatever is not ours: an answer of the platform, or a fault of the program.
  if (!isAppError(error)) return 'unknown'
  switch (error.code) {
    case 'rate_limited':
      return 'busy'
    case 'unavailable':
    case 'outcome_unknown':
      return 'passing'
    case 'internal':
      return 'unknown'
    default:
      return 'permanent'
  }
}

/**
 * How long a job waits after its `attempt`th run (from 1) without a chunk done, in milliseconds; `null`:
 * it is given up. `random` is a number from 0 to 1: jobs that failed together do not come back together.
 */
export function retryDelayMs(error: unknown, attempt: number, random: number): number | null {
  const kind = failureClass(error)
  if (kind === 'permanent' || attempt >= MAX_ATTEMPTS) return null
  // A fault of the program rarely passes, so its tries are further apart.
  const first = kind === 'unknown' ? 2 * FIRST_DELAY_MS : FIRST_DELAY_MS
  const longest = Math.min(MAX_DELAY_MS, first * 2 ** (attempt - 1))
  const asked = isAppError(error) ? (error.detail.retryAfterSeconds ?? 0) * 1_000 : 0
  return Math.max(asked, Math.round(longest / 2 + (longest / 2) * random))
}
