import { isAppError } from '../../core/errors.ts'
import { statusOf } from './problem.ts'

/**
 * One JSON line for an error that is ours, with everything the client is not told. Never a header,
 * body or connection string: those hold secrets. Cannot fail.
 */
export function logFailure(error: unknown, requestId: string, route: string): void {
  if (isAppError(error) && statusOf(error.code) < 500) return
  const detail = isAppError(error) ? error.detail : undefined
  console.error(
    JSON.stringify({
      level: 'error',
      request_id: requestId,
      route,
      code: isAppError(error) ? error.code : 'internal',
      message: describe(error),
      cause: detail?.cause === undefined ? undefined : describe(detail.cause),
      context: detail?.context,
    }),
  )
}

const MAX_TEXT = 500

function describe(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  // A driver may quote the address it failed to reach, password included.
  return text.replace(/postgres(ql)?:\/\/\S+/g, 'postgres://…').slice(0, MAX_TEXT)
}
