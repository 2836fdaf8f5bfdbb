import { z } from '@hono/zod-openapi'
import {
  createRelationship,
  deleteRelationship,
  findRelationships,
  lookUpRelationships,
  patchRelationship,
  readRelationship,
} from '../../operations/records.ts'
import { contentPatch, relationshipFields } from '../commands.ts'
import { listCursor } from '../cursors.ts'
import {
  type App,
  endpoint,
  idempotencyKey,
  jsonBody,
  ok,
  problems,
  searchParams,
  securedRoute,
} from '../endpoint.ts'
import { parseListQuery } from '../list-params.ts'
import { graphAnswer, noContent, pageAnswer, recordAnswer } from '../respond.ts'
import {
  graphName,
  id,
  listOf,
  newRelationship,
  relationship,
  relationshipPatch,
} from '../schemas.ts'
import { names } from './entities.ts'
import { ifMatch, ifMatchHeader } from './if-match.ts'
import { relationshipListParams } from './list-docs.ts'

const graphParams = z.object({ graph: graphName })
const recordParams = z.object({ graph: graphName, id })
const base = '/api/v1/graphs/{graph}/relationships'
const tags = ['Relationships']

export function relationshipRoutes(app: App): void {
  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: base,
      tags,
      summary: 'List relationships',
      request: { params: graphParams, query: relationshipListParams },
      responses: {
        200: ok(listOf(relationship), 'A page of relationships'),
        ...problems(400, 404),
      },
    }),
    async (c) => {
      const query = parseListQuery(searchParams(c), 'relationship')
      const answer = await findRelationships(c.get('context'), query)
      return pageAnswer(c, answer, (next) => listCursor(query.sort, next))
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: base,
      tags,
      summary: 'Create a relationship',
      request: { params: graphParams, headers: idempotencyKey, body: jsonBody(newRelationship) },
      responses: {
        201: ok(relationship, 'The relationship'),
        ...problems(404, 409),
      },
    }),
    async (c) => {
      const body = c.req.valid('json')
      const answer = await createRelationship(c.get('context'), {
        ...relationshipFields(body),
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
      summary: 'Get many relationships by id or external id',
      request: { params: graphParams, body: jsonBody(names) },
      responses: {
        200: ok(
          z.object({ items: z.array(relationship) }),
          'Those that exist, in the order asked for',
        ),
        ...problems(400, 404),
      },
    }),
    async (c) => {
      const { ids = [], external_ids: externalIds = [] } = c.req.valid('json')
      return graphAnswer(c, await lookUpRelationships(c.get('context'), { ids, externalIds }))
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: `${base}/{id}`,
      tags,
      summary: 'Get a relationship',
      request: { params: recordParams },
      responses: { 200: ok(relationship, 'The relationship'), ...problems(404) },
    }),
    async (c) => recordAnswer(c, await readRelationship(c.get('context'), c.req.valid('param').id)),
  )

  endpoint(
    app,
    securedRoute({
      method: 'patch',
      path: `${base}/{id}`,
      tags,
      summary: 'Change a relationship',
      request: { params: recordParams, headers: ifMatchHeader, body: jsonBody(relationshipPatch) },
      responses: {
        200: ok(relationship, 'The relationship'),
        ...problems(404, 409, 412),
      },
    }),
    async (c) => {
      const answer = await patchRelationship(c.get('context'), {
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
      summary: 'Delete a relationship',
      request: { params: recordParams, headers: ifMatchHeader },
      responses: { 204: { description: 'Deleted' }, ...problems(404, 412) },
    }),
    async (c) => {
      const target = { id: c.req.valid('param').id }
      const input = { target, ifVersion: ifMatch(c) }
      return noContent(c, await deleteRelationship(c.get('context'), input))
    },
  )
}
