import { OpenAPIHono } from '@hono/zod-openapi'
import { HTTPException } from 'hono/http-exception'
import { matchedRoutes } from 'hono/route'
import { METHOD_NAME_ALL } from 'hono/router'
import { AppError } from '../../core/errors.ts'
import type { RawEnv } from '../../env.ts'
import type { AppEnv } from './context.ts'
import { refuseInvalid } from './endpoint.ts'
import { logFailure } from './log.ts'
import { access, isOpen } from './middleware/access.ts'
import { readBody } from './middleware/body.ts'
import { idempotency } from './middleware/idempotency.ts'
import { warming } from './middleware/keep-warm.ts'
import { requestScope } from './middleware/request-scope.ts'
import { openApiText } from './openapi.ts'
import { problemResponse } from './problem.ts'
import { routedPath } from './rewrite.ts'
import { RouteTable } from './route-table.ts'
import { authRoutes } from './routes/auth.ts'
import { cacheRoutes } from './routes/cache.ts'
import { derivedRoutes } from './routes/derived.ts'
import { entityRoutes } from './routes/entities.ts'
import { healthRoutes } from './routes/health.ts'
import { importExportRoutes } from './routes/import-export.ts'
import { invitationRoutes } from './routes/invitations.ts'
import { logRoutes } from './routes/log.ts'
import { relationshipRoutes } from './routes/relationships.ts'
import { graphRoutes, keyRoutes } from './routes/tenant.ts'
import { typeRoutes } from './routes/types.ts'

const app = new OpenAPIHono<AppEnv>({ defaultHook: refuseInvalid })

app.use('*', requestScope())

// Routes that work without the databases come before the middleware that asks them.
app.get('/api/v1/openapi.json', (c) => {
  c.header('cache-control', 'public, max-age=300')
  return c.body(openApiText(app), 200, { 'content-type': 'application/json' })
})
app.get('/', (c) => c.redirect('/reference/'))

app.use('/api/v1/*', async function knownRoute(c, next) {
  // A path that does not exist is 404 and a wrong method 405, with or without a credential.
  if (!matchedRoutes(c).some(({ method }) => method !== METHOD_NAME_ALL)) throw noRoute(c.req.path)
  if (!isOpen(c.req.path) && c.req.header('authorization') === undefined) {
    throw new AppError(
      'unauthenticated',
      'send an API key or access token: Authorization: Bearer …',
    )
  }
  return next()
})
app.use('/api/v1/*', access(), readBody(), idempotency())
app.use('/api/v1/graphs/*', warming())
app.use('/health/ready', access())

authRoutes(app)
keyRoutes(app)
invitationRoutes(app)
graphRoutes(app)
typeRoutes(app)
entityRoutes(app)
relationshipRoutes(app)
logRoutes(app)
importExportRoutes(app)
cacheRoutes(app)
derivedRoutes(app)
healthRoutes(app)

const routes = new RouteTable(app.routes)

app.notFound((c) => problemResponse(noRoute(c.req.path), c.get('requestId'), c.req.path))

function noRoute(path: string): AppError {
  const allow = routes.methodsOf(path)
  return allow.length > 0
    ? new AppError('method_not_allowed', `this route allows ${allow.join(', ')}`, { allow })
    : new AppError('route_not_found', 'there is no such route')
}

app.onError((error, c) => {
  const known =
    error instanceof HTTPException && error.status === 400
      ? new AppError('malformed_request', error.message)
      : error
  logFailure(known, c.get('requestId'), `${c.req.method} ${c.req.routePath}`)
  return problemResponse(known, c.get('requestId'), c.req.path)
})

/** Answers one HTTP request. */
export function handleRequest(
  request: Request,
  env: RawEnv,
  ctx: ExecutionContext,
): Response | Promise<Response> {
  // Most paths are long already: what is parsed for each request is worth a look before.
  if (request.url.includes('/api/v1/graphs/')) return app.fetch(request, env, ctx)
  const url = new URL(request.url)
  const path = routedPath(url.pathname)
  if (path === url.pathname) return app.fetch(request, env, ctx)
  url.pathname = path
  return app.fetch(new Request(url, request), env, ctx)
}
