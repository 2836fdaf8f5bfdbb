/** Every reason the platform gives for not doing what was asked. Stable: clients branch on them. */
export type ErrorCode =
  | 'malformed_request'
  | 'unauthenticated'
  | 'forbidden'
  | 'registration_closed'
  | 'registration_refused'
  | 'not_found'
  | 'route_not_found'
  | 'method_not_allowed'
  | 'gone'
  | 'erased'
  | 'conflict'
  | 'id_taken'
  | 'external_id_taken'
  | 'type_mismatch'
  | 'ends_mismatch'
  | 'from_not_found'
  | 'to_not_found'
  | 'too_many_relationships'
  | 'type_exists'
  | 'type_violated'
  | 'email_taken'
  | 'name_taken'
  | 'last_graph'
  | 'still_exists'
  | 'version_mismatch'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'range_not_satisfiable'
  | 'invalid'
  | 'idempotency_mismatch'
  | 'cost_exceeded'
  | 'rate_limited'
  | 'internal'
  | 'unavailable'
  | 'outcome_unknown'

/** One bad field: `pointer` is a JSON Pointer (RFC 6901) into the body, or the name of a parameter. */
export type FieldError = { readonly pointer: string; readonly message: string }

export type ErrorDetail = {
  readonly errors?: readonly FieldError[]
  /** Index of the command that failed, in a batch. */
  readonly command?: number
  /** Records that stand in the way of a narrower type. */
  readonly examples?: readonly {
    readonly id: string
    readonly external_id: string | null
    readonly errors: readonly FieldError[]
  }[]
  /** Of a query that was stopped for its cost: the edges it would look at, at least. */
  readonly estimatedEdges?: number
  readonly retryAfterSeconds?: number
  /** It was so once: nothing fresher could be had, and the caller allowed for that. */
  readonly isStale?: boolean
  /** For the log only: never shown to the caller. */
  readonly context?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
  readonly allow?: readonly string[]
}

/** What layers throw at each other. `message` is safe to show; what is not goes to `cause` and `context`. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly detail: ErrorDetail

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? {} : { cause: detail.cause })
    this.name = 'AppError'
    this.code = code
    this.detail = detail
  }
}

/** Structural, because an error that crossed a Durable Object call has lost its class. */
export function isAppError(error: unknown): error is AppError {
  return error instanceof Error && error.name === 'AppError' && 'code' in error && 'detail' in error
}

/** Most bad fields one answer lists, and most characters of a pointer: a bad body may have millions. */
export const MAX_FIELD_ERRORS = 100
const MAX_POINTER_CHARACTERS = 500

/** A request whose fields are wrong: every one of them is listed, up to `MAX_FIELD_ERRORS`. */
export function invalid(errors: readonly FieldError[]): AppError {
  const listed = errors.slice(0, MAX_FIELD_ERRORS).map(({ pointer, message }) => ({
    pointer: pointer.slice(0, MAX_POINTER_CHARACTERS),
    message,
  }))
  const [first] = listed
  const more = errors.length >= MAX_FIELD_ERRORS ? 'at least ' : ''
  const message =
    errors.length === 1 && first
      ? `${first.pointer || 'body'}: ${first.message}`
      : `${more}${listed.length} fields are invalid`
  return new AppError('invalid', message, { errors: listed })
}

export function notFound(what: string, detail: ErrorDetail = {}): AppError {
  return new AppError('not_found', `${what} does not exist`, detail)
}
