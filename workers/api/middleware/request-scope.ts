import type { MiddlewareHandler } from 'hono'
import type { AppEnv } from '../context.ts'
import { discardBody } from './body.ts'

/** A request id that a proxy in front may set; anything else is replaced. */
const ACCEPTED_ID = /^[A-Za-z0-9._-]{8,128}$/

const ALWAYS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
  'cache-control': 'private, no-store',
}

/** Names the request and sets what every answer carries: nothing is cached unless a route says so. */
export function requestScope(): MiddlewareHandler<AppEnv> {
  return async function requestScope(c, next) {
    const given = c.req.header('x-request-id')
    const requestId = given && ACCEPTED_ID.test(given) ? given : crypto.randomUUID()
    c.set('requestId', requestId)
    // Before the answer is made: afterwards each header would make it anew.
    const headers = { ...ALWAYS, 'x-request-id': requestId }
    for (const [name, value] of Object.entries(headers)) c.header(name, value)
    await next()
    if (c.req.raw.body !== null) await discardBody(c.req.raw)
    if (c.res.headers.has('x-request-id')) return
    for (const [name, value] of Object.entries(headers)) {
      if (!c.res.headers.has(name)) c.res.headers.set(name, value)
    }
  }
}
