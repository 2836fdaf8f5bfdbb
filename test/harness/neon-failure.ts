import { NeonDbError } from '@neondatabase/serverless'

/** What the driver throws when PostgreSQL, or the way to it, reports an error. */
export async function failureOf(promise: Promise<unknown>): Promise<NeonDbError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof NeonDbError) return error
  throw new Error('expected a NeonDbError', { cause: error })
}
