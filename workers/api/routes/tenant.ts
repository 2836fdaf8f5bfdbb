import { createRoute, z } from '@hono/zod-openapi'
import { login, register } from '../../operations/auth.ts'
import { createGraph, deleteGraph, findGraphs, readGraphByName } from '../../operations/graphs.ts'
import { createKey, findKeys, revokeKey } from '../../operations/keys.ts'
import {
  type App,
  endpoint,
  idempotencyKey,
  jsonBody,
  ok,
  problems,
  securedRoute,
} from '../endpoint.ts'
import { apiKey, graph, graphName, id, listOf, role, text } from '../schemas.ts'

const email = z
  .email()
  .max(254)
  .transform((value) => value.toLowerCase())
  .openapi({ type: 'string', format: 'email', example: 'ada@example.com' })
const password = z.string().min(10).max(256).openapi({ example: 'correct horse battery staple' })

/** What people call a thing; spaces around it do not count. */
const label = text(200, z.string().trim())

const registration = z
  .strictObject({ tenant_name: label, email, password })
  .openapi('Registration', {
    example: {
      tenant_name: 'Analytical Engines',
      email: 'ada@example.com',
      password: 'correct horse battery staple',
    },
  })

const credentials = z
  .strictObject({ email, password: z.string().min(1).max(256), tenant_id: id.optional() })
  .openapi('Credentials')

const session = z
  .object({
    access_token: z.string(),
    token_type: z.literal('Bearer'),
    expires_in: z.int().openapi({ description: 'Seconds.' }),
    tenant_id: z.string(),
    user_id: z.string(),
  })
  .openapi('Session')

export function authRoutes(app: App): void {
  endpoint(
    app,
    createRoute({
      method: 'post',
      path: '/api/v1/auth/register',
      tags: ['Accounts'],
      summary: 'Make a tenant and its owner',
      request: { headers: idempotencyKey, body: jsonBody(registration) },
      responses: {
        201: ok(session.extend({ graph: z.string() }), 'The owner is logged in'),
        ...problems(400, 401, 409, 413, 415, 422, 503),
      },
    }),
    async (c) => {
      const { tenant_name: tenantName, ...input } = c.req.valid('json')
      const { replayed, ...value } = await register(c.get('context'), { tenantName, ...input })
      if (replayed) c.header('idempotency-replayed', 'true')
      return c.json(value as never, 201)
    },
  )

  endpoint(
    app,
    createRoute({
      method: 'post',
      path: '/api/v1/auth/login',
      tags: ['Accounts'],
      summary: 'Get an access token',
      request: { body: jsonBody(credentials) },
      responses: { 200: ok(session, 'An access token'), ...problems(400, 401, 413, 415, 422, 503) },
    }),
    async (c) => {
      const { tenant_id: tenantId = null, ...input } = c.req.valid('json')
      return c.json((await login(c.get('context'), { ...input, tenantId })) as never)
    },
  )
}

/** A year of four digits in UTC: others have no RFC 3339 form to be shown in. */
function isStorableTime(text: string): boolean {
  const time = Date.parse(text)
  // What is no time at all has been complained of already.
  return Number.isNaN(time) || (time >= 0 && time < Date.UTC(10_000, 0))
}

const newKey = z
  .strictObject({
    name: label,
    role: role.default('writer'),
    expires_at: z.iso
      .datetime({ offset: true })
      .refine(isStorableTime, 'must lie between the years 1970 and 9999')
      .transform((time) => new Date(time).toISOString())
      .optional()
      .openapi({ description: 'Absent: never.' }),
  })
  .openapi('NewApiKey', { example: { name: 'ingest', role: 'writer' } })

export function keyRoutes(app: App): void {
  const tags = ['API keys']
  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: '/api/v1/keys',
      tags,
      summary: 'List API keys',
      responses: { 200: ok(listOf(apiKey), 'All keys, revoked ones included') },
    }),
    async (c) => c.json({ items: await findKeys(c.get('context'), null), next: null } as never),
  )

  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: '/api/v1/keys',
      tags,
      summary: 'Create an API key',
      description:
        'The key is shown once, in this answer; a repeated request shows null in its place.',
      request: { headers: idempotencyKey, body: jsonBody(newKey) },
      responses: {
        201: ok(apiKey.extend({ key: z.string().nullable() }), 'The key'),
      },
    }),
    async (c) => {
      const { expires_at: expiresAt = null, ...input } = c.req.valid('json')
      const { value, replayed } = await createKey(c.get('context'), { ...input, expiresAt })
      if (replayed) c.header('idempotency-replayed', 'true')
      c.header('location', `/api/v1/keys/${value.id}`)
      return c.json(value as never, 201)
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'delete',
      path: '/api/v1/keys/{id}',
      tags,
      summary: 'Revoke an API key',
      request: { params: z.object({ id }), headers: idempotencyKey },
      responses: { 204: { description: 'Revoked' }, ...problems(404) },
    }),
    async (c) => {
      const { replayed } = await revokeKey(c.get('context'), c.req.valid('param').id)
      if (replayed) c.header('idempotency-replayed', 'true')
      return c.body(null, 204)
    },
  )
}

export function graphRoutes(app: App): void {
  const tags = ['Graphs']
  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: '/api/v1/graphs',
      tags,
      summary: 'List graphs',
      responses: { 200: ok(listOf(graph), 'All graphs, by name') },
    }),
    async (c) => c.json({ items: await findGraphs(c.get('context'), null), next: null } as never),
  )

  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: '/api/v1/graphs',
      tags,
      summary: 'Create a graph',
      request: {
        headers: idempotencyKey,
        body: jsonBody(z.strictObject({ name: graphName }).openapi('NewGraph')),
      },
      responses: { 201: ok(graph, 'The graph'), ...problems(409) },
    }),
    async (c) => {
      const { value, replayed } = await createGraph(c.get('context'), c.req.valid('json'))
      if (replayed) c.header('idempotency-replayed', 'true')
      c.header('location', `/api/v1/graphs/${value.name}`)
      return c.json(value as never, 201)
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: '/api/v1/graphs/{graph}',
      tags,
      summary: 'Get a graph',
      request: { params: z.object({ graph: graphName }) },
      responses: { 200: ok(graph, 'The graph'), ...problems(404) },
    }),
    async (c) => c.json((await readGraphByName(c.get('context'), null)) as never),
  )

  endpoint(
    app,
    securedRoute({
      method: 'delete',
      path: '/api/v1/graphs/{graph}',
      tags,
      summary: 'Delete a graph and everything in it',
      request: { params: z.object({ graph: graphName }), headers: idempotencyKey },
      responses: { 204: { description: 'Deleted' }, ...problems(404, 409) },
    }),
    async (c) => {
      const context = c.get('context')
      const { replayed } = await deleteGraph(context, context.access?.graph ?? null)
      if (replayed) c.header('idempotency-replayed', 'true')
      return c.body(null, 204)
    },
  )
}
