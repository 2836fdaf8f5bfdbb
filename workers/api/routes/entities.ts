import { z } from '@hono/zod-openapi'
import { MAX_COMMANDS } from '../../../core/log/commands.ts'
import {
  createEntity,
  deleteEntity,
  findEntities,
  findNeighbors,
  lookUpEntities,
  patchEntity,
  readEntity,
  readEntityAsOf,
} from '../../operations/records.ts'
import { contentPatch, entityFields } from '../commands.ts'
import { listCursor, neighborCursor, parseNeighborCursor } from '../cursors.ts'
import {
  type App,
  endpoint,
  hasQuery,
  idempotencyKey,
  jsonBody,
  ok,
  problems,
  searchParams,
  securedRoute,
} from '../endpoint.ts'
import { finish, parseListQuery, readInteger, readOneOf, readParams } from '../list-params.ts'
import { graphAnswer, noContent, pageAnswer, recordAnswer } from '../respond.ts'
import {
  entity,
  entityPatch,
  externalId,
  graphName,
  id,
  listOf,
  neighbor,
  newEntity,
} from '../schemas.ts'
import { ifMatch, ifMatchHeader } from './if-match.ts'
import { entityListParams, pageParams } from './list-docs.ts'

const graphParams = z.object({ graph: graphName })
const recordParams = z.object({ graph: graphName, id })
const base = '/api/v1/graphs/{graph}/entities'
const tags = ['Entities']

export const names = z
  .strictObject({
    ids: z.array(id).max(MAX_COMMANDS).optional(),
    external_ids: z.array(externalId).max(MAX_COMMANDS).optional(),
  })
  .refine(
    ({ ids = [], external_ids = [] }) =>
      ids.length + external_ids.length > 0 && ids.length + external_ids.length <= MAX_COMMANDS,
    `give 1 to ${MAX_COMMANDS} ids and external_ids`,
  )
  .openapi('Names')

export function entityRoutes(app: App): void {
  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: base,
      tags,
      summary: 'List entities',
      request: { params: graphParams, query: entityListParams },
      responses: { 200: ok(listOf(entity), 'A page of entities'), ...problems(400, 404) },
    }),
    async (c) => {
      const query = parseListQuery(searchParams(c), 'entity')
      const answer = await findEntities(c.get('context'), query)
      return pageAnswer(c, answer, (next) => listCursor(query.sort, next))
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: base,
      tags,
      summary: 'Create an entity',
      request: { params: graphParams, headers: idempotencyKey, body: jsonBody(newEntity) },
      responses: { 201: ok(entity, 'The entity'), ...problems(404, 409) },
    }),
    async (c) => {
      const body = c.req.valid('json')
      const answer = await createEntity(c.get('context'), {
        ...entityFields(body),
        id: body.id ?? null,
      })
      c.header('location', `${c.req.path}/${answer.value.id}`)
      return recordAnswer(c, answer, 201)
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: `${base}/lookup`,
      tags,
      summary: 'Get many entities by id or external id',
      request: { params: graphParams, body: jsonBody(names) },
      responses: {
        200: ok(z.object({ items: z.array(entity) }), 'Those that exist, in the order asked for'),
        ...problems(400, 404),
      },
    }),
    async (c) => {
      const { ids = [], external_ids: externalIds = [] } = c.req.valid('json')
      return graphAnswer(c, await lookUpEntities(c.get('context'), { ids, externalIds }))
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: `${base}/{id}`,
      tags,
      summary: 'Get an entity, now or as it was at a seq',
      request: {
        params: recordParams,
        query: z.object({
          as_of: z.string().optional().openapi({
            description: 'A seq of the log: the entity as it was then.',
            example: '3',
          }),
        }),
      },
      responses: { 200: ok(entity, 'The entity'), ...problems(400, 404, 410) },
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const context = c.get('context')
      if (!hasQuery(c)) return recordAnswer(c, await readEntity(context, id))
      const reader = readParams(searchParams(c), ['as_of'])
      const seq = readInteger(reader, 'as_of', -1, 0, Number.MAX_SAFE_INTEGER)
      finish(reader)
      return recordAnswer(
        c,
        seq === -1 ? await readEntity(context, id) : await readEntityAsOf(context, { id, seq }),
      )
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'patch',
      path: `${base}/{id}`,
      tags,
      summary: 'Change an entity',
      request: {
        params: recordParams,
        headers: ifMatchHeader,
        body: jsonBody(entityPatch),
      },
      responses: { 200: ok(entity, 'The entity'), ...problems(404, 409, 412) },
    }),
    async (c) => {
      const answer = await patchEntity(c.get('context'), {
        target: { id: c.req.valid('param').id },
        patch: contentPatch(c.req.valid('json')),
        ifVersion: ifMatch(c),
      })
      return recordAnswer(c, answer)
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'delete',
      path: `${base}/{id}`,
      tags,
      summary: 'Delete an entity and its relationships',
      request: { params: recordParams, headers: ifMatchHeader },
      responses: { 204: { description: 'Deleted' }, ...problems(404, 409, 412) },
    }),
    async (c) => {
      const target = { id: c.req.valid('param').id }
      return noContent(c, await deleteEntity(c.get('context'), { target, ifVersion: ifMatch(c) }))
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: `${base}/{id}/neighbors`,
      tags,
      summary: 'List the neighbours of an entity',
      request: {
        params: recordParams,
        query: pageParams.extend({
          direction: z.string().optional().openapi({
            description: '`out`, `in` or `both` (default).',
            example: 'out',
          }),
          type: z.string().optional().openapi({ description: 'Type of the relationship.' }),
        }),
      },
      responses: { 200: ok(listOf(neighbor), 'A page of neighbours'), ...problems(400, 404) },
    }),
    async (c) => {
      const query = searchParams(c)
      const reader = readParams(query, ['direction', 'type', 'cursor', 'limit'])
      const direction = readOneOf(reader, 'direction', ['out', 'in', 'both'], 'both')
      const limit = readInteger(reader, 'limit', 50, 1, 1_000)
      finish(reader)
      const cursor = query.get('cursor')
      const answer = await findNeighbors(c.get('context'), {
        id: c.req.valid('param').id,
        direction,
        type: query.get('type'),
        limit,
        after: cursor === null ? null : parseNeighborCursor(cursor),
      })
      return pageAnswer(c, answer, neighborCursor)
    },
  )
}
