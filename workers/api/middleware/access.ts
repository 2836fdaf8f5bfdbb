import type { MiddlewareHandler } from 'hono'
import { AppError } from '../../../core/errors.ts'
import { type Bookmark, parseBookmarks } from '../../../core/log/bookmark.ts'
import { type Consistency, parseConsistency } from '../../../core/log/consistency.ts'
import { parseEnv } from '../../../env.ts'
import { type Resolved, resolveAccess } from '../../operations/access.ts'
import { services } from '../../services.ts'
import type { AppEnv } from '../context.ts'

/** Any other name no graph can have, which the route says. */
const GRAPH_PATH = /^\/api\/v1\/graphs\/([a-z0-9-]+)(?=\/|$)/

/** A link to a file is a credential of its own. */
const OPEN = ['/api/v1/auth/', '/api/v1/files/']

/** Whether a route takes no credential. One that is sent anyway, perhaps an old one, does not count. */
export function isOpen(path: string): boolean {
  return OPEN.some((start) => path.startsWith(start)) || path === '/health/ready'
}

/**
 * Makes the request's context: who asks (an API key or an access token) and which graph is named. A
 * credential that is not good is refused here, before the body is read; whether one is needed, and
 * what it allows, the operation decides.
 */
export function access(): MiddlewareHandler<AppEnv> {
  return async function access(c, next) {
    const waitUntil = (work: Promise<unknown>) => c.executionCtx.waitUntil(work)
    const arrived = {
      services: services(parseEnv(c.env), waitUntil),
      consistency: consistencyOf(c.req.header('tendril-consistency')),
      bookmarks: bookmarksOf(c.req.header('tendril-bookmark')),
      arrivedAt: Date.now(),
    }
    const credential = isOpen(c.req.path) ? null : bearer(c.req.header('authorization'))
    const resolved = credential ? await resolve(arrived, credential, graphName(c.req.path)) : null
    c.set('context', {
      ...arrived,
      requestId: c.get('requestId'),
      route: `${c.req.method} ${c.req.path}`,
      idempotency: null,
      access: resolved?.access ?? null,
      graphReader: resolved?.graphReader ?? null,
    })
    return next()
  }
}

async function resolve(
  arrived: Parameters<typeof resolveAccess>[0],
  credential: string,
  graph: string | null,
): Promise<Resolved> {
  const resolved = await resolveAccess(arrived, credential, graph)
  if (!resolved) {
    throw new AppError('unauthenticated', 'the API key or access token is not valid, or no longer')
  }
  const { tenantId } = resolved.access.principal
  if (arrived.bookmarks.some((bookmark) => bookmark.tenantId !== tenantId)) {
    throw new AppError('malformed_request', "Tendril-Bookmark: is not of this tenant's graphs")
  }
  return resolved
}

function consistencyOf(header: string | undefined): Consistency {
  const parsed = parseConsistency(header)
  if (typeof parsed === 'string') {
    throw new AppError('malformed_request', `Tendril-Consistency: ${parsed}`)
  }
  return parsed
}

function bookmarksOf(header: string | undefined): readonly Bookmark[] {
  const parsed = header === undefined ? [] : parseBookmarks(header)
  if (typeof parsed === 'string') {
    throw new AppError('malformed_request', `Tendril-Bookmark: ${parsed}`)
  }
  return parsed
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
