import type { Context as HonoContext, MiddlewareHandler } from 'hono'
import { AppError, invalid } from '../../../core/errors.ts'
import { type Access, accessByKey, accessByMember } from '../../../db/queries/access.ts'
import { parseEnv } from '../../../env.ts'
import type { Idempotency } from '../../context.ts'
import { hashApiKey, isApiKey, sha256Hex } from '../../security/api-keys.ts'
import { verifyAccessToken } from '../../security/tokens.ts'
import { type Services, services } from '../../services.ts'
import type { AppEnv } from '../context.ts'

/** Any other name no graph can have, which the route says. */
const GRAPH_PATH = /^\/api\/v1\/graphs\/([a-z0-9-]+)(?=\/|$)/
const MAX_KEY_LENGTH = 255

/** Whether a route takes no credential. One that is sent anyway, perhaps an old one, does not count. */
export function isOpen(path: string): boolean {
  return path.startsWith('/api/v1/auth/') || path === '/health/ready'
}

/**
 * Makes the request's context: who asks (an API key or an access token), which graph is named, and
 * the idempotency key. A credential that is not good is refused here; whether one is needed, and
 * what it allows, the operation decides.
 */
export function access(): MiddlewareHandler<AppEnv> {
  return async function access(c, next) {
    const parts = services(parseEnv(c.env))
    const credential = isOpen(c.req.path) ? null : bearer(c.req.header('authorization'))
    c.set('context', {
      services: parts,
      requestId: c.get('requestId'),
      route: `${c.req.method} ${c.req.path}`,
      idempotency: await idempotencyOf(c),
      access: credential === null ? null : await resolve(parts, credential, graphName(c.req.path)),
    })
    return next()
  }
}

async function resolve(
  { catalog, jwtSecret, now }: Services,
  credential: string,
  graph: string | null,
): Promise<Access> {
  const found = isApiKey(credential)
    ? await accessByKey(catalog, await hashApiKey(credential), graph)
    : await byToken(credential)
  if (!found) {
    throw new AppError('unauthenticated', 'the API key or access token is not valid, or no longer')
  }
  return found

  async function byToken(text: string): Promise<Access | null> {
    const token = await verifyAccessToken(jwtSecret, text, now())
    return token && accessByMember(catalog, token.tenantId, token.userId, graph)
  }
}

function bearer(header: string | undefined): string | null {
  if (header === undefined) return null
  const match = /^Bearer +(\S+)$/i.exec(header)
  if (!match?.[1]) {
    throw new AppError('unauthenticated', 'the Authorization header must be: Bearer <key or token>')
  }
  return match[1]
}

function graphName(path: string): string | null {
  return GRAPH_PATH.exec(path)?.[1] ?? null
}

async function idempotencyOf(c: HonoContext<AppEnv>): Promise<Idempotency | null> {
  const key = c.req.header('idempotency-key')
  if (key === undefined || c.req.method === 'GET' || c.req.method === 'HEAD') return null
  if (key.length === 0 || key.length > MAX_KEY_LENGTH) {
    const message = `must have 1 to ${MAX_KEY_LENGTH} characters`
    throw invalid([{ pointer: 'Idempotency-Key', message }])
  }
  const body = c.req.bodyCache.text ? await c.req.text() : ''
  const fingerprint = await sha256Hex(JSON.stringify([c.req.header('if-match') ?? '', body]))
  return { key, fingerprint }
}
