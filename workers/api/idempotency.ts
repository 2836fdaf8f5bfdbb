import type { Context as HonoContext } from 'hono'
import { invalid } from '../../core/errors.ts'
import type { Idempotency } from '../context.ts'
import { sha256Hex } from '../security/api-keys.ts'
import type { AppEnv } from './context.ts'

const MAX_KEY_LENGTH = 255

/** What a client says to make a repeated write harmless. Needs the body to have been read. */
export async function idempotencyOf(c: HonoContext<AppEnv>): Promise<Idempotency | null> {
  const key = c.req.header('idempotency-key')
  if (key === undefined) return null
  if (key.length === 0 || key.length > MAX_KEY_LENGTH) {
    const message = `must have 1 to ${MAX_KEY_LENGTH} characters`
    throw invalid([{ pointer: 'Idempotency-Key', message }])
  }
  const body = c.get('bodyText') ?? ''
  // What the query says of an import's body is as much part of the request as the body.
  const { search } = new URL(c.req.url)
  const said = [c.req.header('if-match') ?? '', body, ...(search === '' ? [] : [search])]
  const fingerprint = await sha256Hex(JSON.stringify(said))
  return { route: `${c.req.method} ${c.req.path}`, key, fingerprint }
}
