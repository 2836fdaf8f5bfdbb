import { z } from '@hono/zod-openapi'
import type { Context as HonoContext } from 'hono'
import { invalid } from '../../../core/errors.ts'
import type { AppEnv } from '../context.ts'
import { idempotencyKey } from '../endpoint.ts'
import { ifMatchVersion } from '../respond.ts'

export const ifMatchHeader = idempotencyKey.extend({
  'if-match': z.string().optional().openapi({
    description: 'The ETag the caller saw: refused with 412 when the record has changed since.',
    example: '"17-050b130e"',
  }),
})

/** The version the caller saw; `null` when any will do. */
export function ifMatch(c: HonoContext<AppEnv>): number | null {
  const version = ifMatchVersion(c.req.header('if-match'))
  if (version === undefined) {
    throw invalid([{ pointer: 'If-Match', message: 'must be an ETag that an answer gave' }])
  }
  return version
}
