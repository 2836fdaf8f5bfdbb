import { AppError, isAppError } from '../../core/errors.ts'

/**
 * Does what follows a write that has been made. Where a database fails then, the caller must not be
 * told that nothing was written: a repeat with the same idempotency key finishes it.
 */
export async function afterWrite<T>(finish: () => Promise<T>): Promise<T> {
  try {
    return await finish()
  } catch (error) {
    if (!isAppError(error) || error.code !== 'unavailable') throw error
    throw new AppError(
      'outcome_unknown',
      'the write was made, at least in part, and then the database failed; repeat it with the same Idempotency-Key',
      { retryAfterSeconds: 1, cause: error },
    )
  }
}
