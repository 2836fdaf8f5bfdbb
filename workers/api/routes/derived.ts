import { z } from '@hono/zod-openapi'
import type { Json } from '../../../core/json.ts'
import {
  forgetDerived,
  MAX_DEPENDENCIES,
  MAX_DERIVED_TTL_SECONDS,
  noSuchDerived,
  putDerived,
  readDerived,
} from '../../operations/derived.ts'
import { type App, endpoint, jsonBody, ok, problems, securedRoute } from '../endpoint.ts'
import { problemResponse } from '../problem.ts'
import { graphAnswer, noContent } from '../respond.ts'
import { graphName, id, typeName } from '../schemas.ts'

const path = '/api/v1/graphs/{graph}/derived/{key}'
const tags = ['Derived values']

const key = z
  .string()
  .regex(/^[A-Za-z0-9._:~-]{1,200}$/, 'letters, digits and . _ : ~ -, at most 200')
  .openapi({ example: 'investigation:123' })
const params = z.object({ graph: graphName, key })

const dependsOn = z
  .strictObject({
    entities: z.array(id).optional(),
    relationships: z.array(id).optional(),
    neighbors_of: z.array(id).optional().openapi({
      description: 'Entities: any relationship of one of them that comes, changes or goes.',
    }),
    types: z.array(typeName).optional().openapi({ description: 'Any record of one of them.' }),
    graph: z.literal(true).optional().openapi({ description: 'Any record of the graph.' }),
  })
  .refine((all) => {
    const count = Object.values(all).flat().length
    return count > 0 && count <= MAX_DEPENDENCIES
  }, `name 1 to ${MAX_DEPENDENCIES}; for more, name their types or the graph`)

const newDerived = z
  .strictObject({
    value: z
      .unknown()
      .refine((value) => value !== undefined, 'is missing')
      .openapi({ description: 'Any JSON, at most 262,144 characters.' }),
    depends_on: dependsOn,
    ttl_seconds: z.int().min(1).max(MAX_DERIVED_TTL_SECONDS).default(3_600),
  })
  .openapi('NewDerivedValue', {
    example: { value: { score: 0.7 }, depends_on: { types: ['airport'] }, ttl_seconds: 600 },
  })

const derived = z
  .object({ key, value: z.unknown(), expires_at: z.string() })
  .openapi('DerivedValue')

export function derivedRoutes(app: App): void {
  endpoint(
    app,
    securedRoute({
      method: 'put',
      path,
      tags,
      summary: 'Keep a value of your own until what it depends on changes',
      description:
        'For what is dear to compute. `Tendril-Bookmark` is required: that of the answer to the first read which ' +
        'the value was derived from, sent with the later ones. Where something it depends on has changed since, ' +
        'the answer is 409: derive it anew. The value is kept in caches, and may be forgotten at any time.',
      request: { params, body: jsonBody(newDerived) },
      responses: { 204: { description: 'Kept' }, ...problems(404) },
    }),
    async (c) => {
      const { key } = c.req.valid('param')
      const { value, depends_on, ttl_seconds: ttlSeconds } = c.req.valid('json')
      const { entities = [], relationships = [], types = [], graph = false } = depends_on
      const answer = await putDerived(c.get('context'), {
        ...{ key, value: value as Json, ttlSeconds },
        dependsOn: {
          records: [...entities, ...relationships],
          neighborsOf: depends_on.neighbors_of ?? [],
          types,
          graph,
        },
      })
      return noContent(c, answer)
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'get',
      path,
      tags,
      summary: 'Get a value of your own, if nothing that it depends on has changed',
      request: { params },
      responses: { 200: ok(derived, 'The value'), ...problems(404) },
    }),
    async (c) => {
      const { key } = c.req.valid('param')
      const found = await readDerived(c.get('context'), key)
      if (!found) {
        const response = problemResponse(noSuchDerived(), c.get('requestId'), c.req.path)
        response.headers.set('cache-status', 'tendril-memory; fwd=miss')
        return response
      }
      const { value, expiresAt } = found.value
      const expires_at = new Date(expiresAt).toISOString()
      return graphAnswer(c, { ...found, value: { key, value, expires_at } })
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'delete',
      path,
      tags,
      summary: 'Forget a value of your own, everywhere',
      request: { params },
      responses: { 204: { description: 'Forgotten, if it was there' }, ...problems(404) },
    }),
    async (c) => noContent(c, await forgetDerived(c.get('context'), c.req.valid('param').key)),
  )
}
