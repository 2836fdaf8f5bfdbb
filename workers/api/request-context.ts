import type { Context as HonoContext } from 'hono'
import { AppError } from '../../core/errors.ts'
import { type Bookmark, parseBookmarks } from '../../core/log/bookmark.ts'
import { type Consistency, parseConsistency } from '../../core/log/consistency.ts'
import { parseEtags } from '../../core/log/etag.ts'
import { parseEnv } from '../../env.ts'
import type { Context } from '../context.ts'
import { type Resolved, resolveAccess } from '../operations/access.ts'
import { services } from '../services.ts'
import { requestIdOf } from './answer-headers.ts'
import type { AppEnv } from './context.ts'

/** Any other name no graph can have, which the route says. */
const GRAPH_PATH = /^\/api\/v1\/graphs\/([a-z0-9-]+)(?=\/|$)/

/**
 * The request's context: who asks (an API key or an access token) and which graph is named. A
 * credential that is absent or not good is refused here, before the body is read; what it allows, the
 * operation decides. On an open route one that is sent anyway, perhaps an old one, does not count.
 */
export async function requestContext(
  c: HonoContext<AppEnv>,
  { isOpen, isRead }: { readonly isOpen: boolean; readonly isRead: boolean },
): Promise<Context> {
  const { req } = c
  const waitUntil = (work: Promise<unknown>) => c.executionCtx.waitUntil(work)
  const credential = isOpen ? null : bearer(req.header('authorization'))
  const arrived = {
    services: services(parseEnv(c.env), waitUntil),
    consistency: consistencyOf(req.header('tendril-consistency')),
    bookmarks: bookmarksOf(req.header('tendril-bookmark')),
    arrivedAt: Date.now(),
  }
  const held = isRead ? req.header('if-none-match') : undefined
  const resolved =
    credential === null
      ? null
      : checked(arrived, await resolveAccess(arrived, credential, graphName(req.path)))
  return {
    services: arrived.services,
    consistency: arrived.consistency,
    bookmarks: arrived.bookmarks,
    arrivedAt: arrived.arrivedAt,
    requestId: requestIdOf(c),
    accessMs: resolved === null ? 0 : Math.max(0, Date.now() - arrived.arrivedAt),
    isRead,
    ifNoneMatch: held === undefined ? null : { text: held, etags: parseEtags(held) },
    seenHistory: null,
    idempotency: null,
    access: resolved?.access ?? null,
    graphReader: resolved?.graphReader ?? null,
  }
}

function checked(arrived: Pick<Context, 'bookmarks'>, resolved: Resolved | null): Resolved {
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

const NONE: readonly never[] = []

function bookmarksOf(header: string | undefined): readonly Bookmark[] {
  if (header === undefined) return NONE
  const parsed = parseBookmarks(header)
  if (typeof parsed === 'string') {
    throw new AppError('malformed_request', `Tendril-Bookmark: ${parsed}`)
  }
  return parsed
}

function bearer(header: string | undefined): string {
  if (header === undefined) {
    throw new AppError(
      'unauthenticated',
      'send an API key or access token: Authorization: Bearer …',
    )
  }
  const credential = header.replace(/^Bearer +(?=\S+$)/i, '')
  if (credential === header) {
    throw new AppError('unauthenticated', 'the Authorization header must be: Bearer <key or token>')
  }
  return credential
}

function graphName(path: string): string | null {
  return GRAPH_PATH.exec(path)?.[1] ?? null
}
