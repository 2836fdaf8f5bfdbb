import type { MiddlewareHandler } from 'hono'
import { AppError } from '../../../core/errors.ts'
import { type Access, accessByKey, accessByMember } from '../../../db/queries/access.ts'
import { parseEnv } from '../../../env.ts'
import { hashApiKey, isApiKey } from '../../security/api-keys.ts'
import { verifyAccessToken } from '../../security/tokens.ts'
import { type Services, services } from '../../services.ts'
import type { AppEnv } from '../context.ts'

/** Any other name no graph can have, which the route says. */
const GRAPH_PATH = /^\/api\/v1\/graphs\/([a-z0-9-]+)(?=\/|$)/

/** Whether a route takes no credential. One that is sent anyway, perhaps an old one, does not count. */
export function isOpen(path: string): boolean {
  return path.startsWith('/api/v1/auth/') || path === '/health/ready'
}

/**
 * Makes the request's context: who asks (an API key or an access token) and which graph is named. A
 * credential that is not good is refused here, before the body is read; whether one is needed, and
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
      idempotency: null,
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
