import {
  createRoute,
  type OpenAPIHono,
  type RouteConfig,
  type RouteHandler,
  z,
} from '@hono/zod-openapi'
import type { Context } from 'hono'
import { parseEtag } from '../../core/log/etag.ts'
import type { Context as RequestContext } from '../context.ts'
import { keepWarm } from '../operations/keep-warm.ts'
import { complete } from './answer-headers.ts'
import { discardBody, readBody } from './body.ts'
import type { AppEnv } from './context.ts'
import { idempotencyOf } from './idempotency.ts'
import { finish, readParams } from './list-params.ts'
import { requestContext } from './request-context.ts'
import { problem } from './schemas.ts'
import { requestValidator, validateBody } from './validate.ts'

export type App = OpenAPIHono<AppEnv>

/** What a handler sees: the validated request. */
type HandlerContext<R extends RouteConfig> = Parameters<RouteHandler<R, AppEnv>>[0]

/**
 * Adds a route: the only way to one that an operation stands behind. In one handler, since each
 * middleware costs every request time: who asks, the body, what is invalid, and the answer. A route
 * that documents no query parameters takes none: a misspelt one is named, not ignored. The answer is
 * built by our own responders rather than by the types of its schema.
 */
export function endpoint<R extends RouteConfig>(
  app: App,
  route: R,
  handler: (c: HandlerContext<R>) => Response | Promise<Response>,
): void {
  const isOpen = route.security === undefined
  const isRead = route.method === 'get'
  const takesBody = route.request?.body !== undefined
  const takesConditions = route.request?.headers !== undefined
  // A POST that nobody can make conditional changes nothing.
  const isQuery = route.method === 'post' && !takesConditions
  const validate = requestValidator(route)
  app.openAPIRegistry.registerPath(route)
  app.on(route.method, route.path.replaceAll(/\{(.+?)\}/g, ':$1'), async (c) => {
    const context = await requestContext(c, { isOpen, isRead })
    const body = takesBody ? await readBody(c, { isQuery }) : undefined
    c.set('context', takesConditions ? { ...context, ...(await writeConditions(c)) } : context)
    if (takesBody) validateBody(c, route, body)
    validate(c)
    if (!route.request?.query && hasQuery(c)) finish(readParams(searchParams(c), []))
    const response = await handler(c as HandlerContext<R>)
    if (!takesBody && c.req.raw.body !== null) await discardBody(c.req.raw)
    keepWarm(c.get('context'))
    return c.get('isComplete') ? response : complete(c, response)
  })
}

/** What a write says beside its body. Needs the body to have been read. */
async function writeConditions(
  c: Context<AppEnv>,
): Promise<Pick<RequestContext, 'idempotency' | 'seenHistory'>> {
  return {
    idempotency: await idempotencyOf(c),
    seenHistory: parseEtag(c.req.header('if-match') ?? '')?.history ?? null,
  }
}

const NO_PARAMETERS = new URLSearchParams()

type Asked = { readonly req: { readonly url: string } }

/** Whether the request has a query: most have none, and looking into one takes its time. */
export function hasQuery(c: Asked): boolean {
  return c.req.url.includes('?')
}

/** The query as it was sent. */
export function searchParams(c: Asked): URLSearchParams {
  return hasQuery(c) ? new URL(c.req.url).searchParams : NO_PARAMETERS
}

const problemContent = { 'application/problem+json': { schema: problem } }

const DESCRIPTIONS = {
  400: 'Malformed request',
  401: 'No valid API key or access token',
  403: 'The role does not allow it',
  404: 'Does not exist',
  409: 'Conflicts with what is there; `code` says how',
  410: 'No longer kept',
  412: 'The record has another version than If-Match says',
  413: 'The body is too large',
  415: 'The body has another media type',
  416: 'The range begins behind the end of the file',
  422: 'Fields are invalid; all are listed',
  429: 'Too many; see Retry-After',
  503: 'Not available at the moment; see Retry-After',
} as const

export const problems = (...statuses: readonly (keyof typeof DESCRIPTIONS)[]) =>
  Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: DESCRIPTIONS[status], content: problemContent },
    ]),
  )

/** Statuses that every route under a key may answer with. */
const COMMON_PROBLEMS = problems(401, 403, 422, 503)
const BODY_PROBLEMS = problems(400, 413, 415)

export const ok = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
  headers: BOOKMARK,
})

const BOOKMARK = z.object({
  'Tendril-Bookmark': z.string().optional().openapi({ description: 'What this answer has seen.' }),
})

export const jsonBody = <T extends z.ZodType>(schema: T) => ({
  required: true,
  content: { 'application/json': { schema } },
})

export const idempotencyKey = z.object({
  'idempotency-key': z.string().min(1).max(255).optional().openapi({
    description: 'Makes the request safe to repeat for 24 hours.',
  }),
})

/** What every request on a graph may say of freshness: documented here, read by `requestContext`. */
const FRESHNESS = [
  {
    name: 'Tendril-Consistency',
    in: 'header' as const,
    schema: { type: 'string' as const },
    description:
      'How fresh a read has to be: `strong`, `session` (default), or `bounded=<seconds>`, which may add `; stale-if-error`.',
    example: 'session',
  },
  {
    name: 'Tendril-Bookmark',
    in: 'header' as const,
    schema: { type: 'string' as const },
    description:
      'What the caller has seen: the `Tendril-Bookmark` of former answers, several with commas.',
  },
]

/** What every read may say of what the caller has. */
const CONDITIONS = [
  {
    name: 'If-None-Match',
    in: 'header' as const,
    schema: { type: 'string' as const },
    description: 'ETags of former answers: 304 when one of them still holds.',
  },
  {
    name: 'If-Modified-Since',
    in: 'header' as const,
    schema: { type: 'string' as const },
    description: 'An HTTP date: 304 when the record has not changed since. Prefer ETags.',
  },
]

const NOT_MODIFIED = { 304: { description: 'The caller has it' } }

/** Reads of the catalog that the tenant's own log keeps fresh. */
function isCatalogRead({ method, path }: RouteConfig): boolean {
  return method === 'get' && /^\/api\/v1\/(keys|graphs(\/\{graph\})?)$/.test(path)
}

/** A route that needs a credential. */
export function securedRoute<R extends RouteConfig>(config: R) {
  const isFresh = config.path.includes('{graph}/') || isCatalogRead(config)
  const isRead = isFresh && config.method === 'get' && !config.path.endsWith('/export')
  return createRoute({
    security: [{ bearer: [] }],
    ...(isFresh ? { parameters: isRead ? [...FRESHNESS, ...CONDITIONS] : FRESHNESS } : {}),
    ...config,
    responses: {
      ...COMMON_PROBLEMS,
      ...(config.request?.body ? BODY_PROBLEMS : {}),
      ...(isFresh ? problems(400, 409) : {}),
      ...(isRead ? NOT_MODIFIED : {}),
      ...config.responses,
    },
  })
}
