import { z } from '@hono/zod-openapi'
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
import { markWritten, pageAnswer, seqAnswer } from '../respond.ts'
import { apiKey, graph, graphName, id, listOf, role } from '../schemas.ts'
import { label } from './account-fields.ts'

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
    async (c) => pageAnswer(c, await findKeys(c.get('context'), null), String),
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
      const { value, ...written } = await createKey(c.get('context'), { ...input, expiresAt })
      markWritten(c, written)
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
      markWritten(c, await revokeKey(c.get('context'), c.req.valid('param').id))
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
    async (c) => pageAnswer(c, await findGraphs(c.get('context'), null), String),
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
      const { value, ...written } = await createGraph(c.get('context'), c.req.valid('json'))
      markWritten(c, written)
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
    async (c) => seqAnswer(c, await readGraphByName(c.get('context'), null)),
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
      markWritten(c, await deleteGraph(context, context.access?.graph ?? null))
      return c.body(null, 204)
    },
  )
}
