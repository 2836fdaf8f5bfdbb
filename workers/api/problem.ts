import { AppError, type ErrorCode, type ErrorDetail, isAppError } from '../../core/errors.ts'

/** The one place where a reason becomes an HTTP status. */
export function statusOf(code: ErrorCode): number {
  switch (code) {
    case 'malformed_request':
      return 400
    case 'unauthenticated':
      return 401
    case 'forbidden':
    case 'registration_closed':
    case 'registration_refused':
      return 403
    case 'not_found':
    case 'route_not_found':
      return 404
    case 'method_not_allowed':
      return 405
    case 'conflict':
    case 'id_taken':
    case 'external_id_taken':
    case 'type_mismatch':
    case 'ends_mismatch':
    case 'from_not_found':
    case 'to_not_found':
    case 'too_many_relationships':
    case 'type_exists':
    case 'type_violated':
    case 'email_taken':
    case 'name_taken':
    case 'last_graph':
    case 'still_exists':
      return 409
    case 'gone':
    case 'erased':
      return 410
    case 'version_mismatch':
      return 412
    case 'payload_too_large':
      return 413
    case 'unsupported_media_type':
      return 415
    case 'range_not_satisfiable':
      return 416
    case 'invalid':
    case 'idempotency_mismatch':
    case 'cost_exceeded':
      return 422
    case 'rate_limited':
      return 429
    case 'internal':
      return 500
    case 'unavailable':
    case 'outcome_unknown':
      return 503
  }
}

/** Problem details (RFC 9457), with a `code` that clients may branch on. */
export type Problem = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ErrorCode
  readonly detail: string
  readonly instance: string
  readonly request_id: string
  readonly command?: number
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[]
  readonly examples?: ErrorDetail['examples']
  readonly estimated_edges?: number
}

/** Anything thrown, as the answer a client gets: of what is not an `AppError`, only a request id. */
export function problemResponse(error: unknown, requestId: string, instance: string): Response {
  const known = isAppError(error)
    ? error
    : new AppError('internal', 'an internal error; quote the request id when you report it')
  const status = statusOf(known.code)
  const { errors, examples, command, estimatedEdges, retryAfterSeconds, allow, isStale } =
    known.detail
  const problem: Problem = {
    type: `urn:tendril:problem:${known.code}`,
    title: titleOf(known.code),
    status,
    code: known.code,
    detail: known.message,
    instance,
    request_id: requestId,
    ...(command === undefined ? {} : { command }),
    ...(errors === undefined ? {} : { errors }),
    ...(examples === undefined ? {} : { examples }),
    ...(estimatedEdges === undefined ? {} : { estimated_edges: estimatedEdges }),
  }
  const headers = new Headers({ 'content-type': 'application/problem+json' })
  if (retryAfterSeconds !== undefined) headers.set('retry-after', String(retryAfterSeconds))
  if (allow) headers.set('allow', allow.join(', '))
  if (isStale) headers.set('tendril-stale', '1')
  if (status === 401) headers.set('www-authenticate', 'Bearer')
  return new Response(JSON.stringify(problem), { status, headers })
}

function titleOf(code: ErrorCode): string {
  const words = code.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
