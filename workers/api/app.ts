import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { getPath } from 'hono/utils/url'
import { AppError } from '../../core/errors.ts'
import type { RawEnv } from '../../env.ts'
import { complete, requestIdOf } from './answer-headers.ts'
import { discardBody } from './body.ts'
import type { AppEnv } from './context.ts'
import { logFailure } from './log.ts'
import { openApiText } from './openapi.ts'
import { problemResponse } from './problem.ts'
import { routedPath } from './rewrite.ts'
import { RouteTable } from './route-table.ts'
import { authRoutes } from './routes/auth.ts'
import { cacheRoutes } from './routes/cache.ts'
import { consumerRoutes } from './routes/consumers.ts'
import { dashboardRoutes } from './routes/dashboard.ts'
import { deadLetterRoutes } from './routes/dead-letters.ts'
import { derivedRoutes } from './routes/derived.ts'
import { entityRoutes } from './routes/entities.ts'
import { erasureRoutes } from './routes/erasures.ts'
import { fileRoutes } from './routes/files.ts'
import { graphEntityRoutes } from './routes/graph-entity-queries.ts'
import { graphJobRoutes } from './routes/graph-jobs.ts'
import { graphQueryRoutes } from './routes/graph-queries.ts'
import { healthRoutes } from './routes/health.ts'
import { importExportRoutes } from './routes/import-export.ts'
import { invitationRoutes } from './routes/invitations.ts'
import { jobRoutes } from './routes/jobs.ts'
import { logRoutes } from './routes/log.ts'
import { relationshipRoutes } from './routes/relationships.ts'
import { replayRoutes } from './routes/replays.ts'
import { graphRoutes, keyRoutes } from './routes/tenant.ts'
import { typeRoutes } from './routes/types.ts'

const app = new OpenAPIHono<AppEnv>({ getPath: (request) => routedPath(getPath(request)) })

// Routes that need neither a credential nor the databases.
app.get('/api/v1/openapi.json', (c) => {
  c.header('cache-control', 'public, max-age=300')
  return complete(c, c.body(openApiText(app), 200, { 'content-type': 'application/json' }))
})
app.get('/', (c) => complete(c, c.redirect('/reference/')))

authRoutes(app)
keyRoutes(app)
invitationRoutes(app)
graphRoutes(app)
typeRoutes(app)
entityRoutes(app)
relationshipRoutes(app)
graphQueryRoutes(app)
graphEntityRoutes(app)
graphJobRoutes(app)
logRoutes(app)
erasureRoutes(app)
importExportRoutes(app)
jobRoutes(app)
fileRoutes(app)
dashboardRoutes(app)
consumerRoutes(app)
deadLetterRoutes(app)
replayRoutes(app)
cacheRoutes(app)
derivedRoutes(app)
healthRoutes(app)

const routes = new RouteTable(app.routes)

app.notFound((c) => refused(c, noRoute(c.req.path)))

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
  logFailure(known, requestIdOf(c), `${c.req.method} ${c.req.routePath}`)
  return refused(c, known)
})

async function refused(c: Context<AppEnv>, error: unknown): Promise<Response> {
  await discardBody(c.req.raw)
  return complete(c, problemResponse(error, requestIdOf(c), c.req.path))
}

/** Answers one HTTP request. */
export function handleRequest(
  request: Request,
  env: RawEnv,
  ctx: ExecutionContext,
): Response | Promise<Response> {
  return app.fetch(request, env, ctx)
}
