import type { Context as HonoContext } from 'hono'
import type { AppEnv } from './context.ts'

/** A request id that a proxy in front may set; anything else is replaced. */
const ACCEPTED_ID = /^[A-Za-z0-9._-]{8,128}$/

/** What every answer carries: nothing is cached unless a route says so. */
export const ALWAYS = {
  'x-content-type-options': 'nosniff',
  'strict-transport-security': 'max-age=31536000',
  'cache-control': 'private, no-store',
} as const

/** The request's name: what a proxy gave it, or a new one. */
export function requestIdOf(c: HonoContext<AppEnv>): string {
  const known: string | undefined = c.get('requestId')
  if (known !== undefined) return known
  const given = c.req.header('x-request-id')
  const requestId = given && ACCEPTED_ID.test(given) ? given : crypto.randomUUID()
  c.set('requestId', requestId)
  return requestId
}

/** Adds what every answer carries to one that was made without it. */
export function complete(c: HonoContext<AppEnv>, response: Response): Response {
  const { headers } = response
  headers.set('x-request-id', requestIdOf(c))
  for (const [name, value] of Object.entries(ALWAYS)) {
    if (!headers.has(name)) headers.set(name, value)
  }
  return response
}
