import { NeonDbError } from '@neondatabase/serverless'
import { UserError } from '../../scripts/local/user-error.ts'

/** What the driver throws when PostgreSQL, or the way to it, reports an error. */
export async function failureOf(promise: Promise<unknown>): Promise<NeonDbError> {
  const error = await reasonOf(promise)
  if (error instanceof NeonDbError) return error
  throw new Error('expected a NeonDbError', { cause: error })
}

/** The sentence the person at the terminal gets to read. */
export async function sentenceOf(promise: Promise<unknown>): Promise<string> {
  const error = await reasonOf(promise)
  if (error instanceof UserError) return error.message
  throw new Error('expected a UserError', { cause: error })
}

function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
}
