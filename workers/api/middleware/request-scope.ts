import type { MiddlewareHandler } from 'hono'
import type { AppEnv } from '../context.ts'
import { discardBody } from './body.ts'

/** A request id that a proxy in front may set; anything else is replaced. */
const ACCEPTED_ID = /^[A-Za-z0-9._-]{8,128}$/

/** Names the request and sets what every answer carries: nothing is cached unless a route says so. */
export function requestScope(): MiddlewareHandler<AppEnv> {
  return async function requestScope(c, next) {
    const given = c.req.header('x-request-id')
    const requestId = given && ACCEPTED_ID.test(given) ? given : crypto.randomUUID()
    c.set('requestId', requestId)
    await next()
    await discardBody(c.req.raw)
    c.header('x-request-id', requestId)
    c.header('x-content-type-options', 'nosniff')
    c.header('referrer-policy', 'no-referrer')
    c.header('strict-transport-security', 'max-age=31536000')
    if (!c.res.headers.has('cache-control')) c.header('cache-control', 'private, no-store')
  }
}
