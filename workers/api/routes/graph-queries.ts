import { z } from '@hono/zod-openapi'
import type { Context as HonoContext } from 'hono'
import type { Answered } from '../../../core/graph/engine.ts'
import {
  findCommonNeighbors,
  findPaths,
  type Queried,
  readSubgraph,
  traverseGraph,
} from '../../operations/graph-queries.ts'
import type { Answer } from '../../operations/records.ts'
import type { EntityRef } from '../../operations/topology/entity-ids.ts'
import type { AppEnv } from '../context.ts'
import { type App, endpoint, jsonBody, ok, problems, securedRoute } from '../endpoint.ts'
import { shownCommon, shownPaths, shownSubgraph, shownTraversal } from '../graph-answers.ts'
import { namesOf, queryOf } from '../graph-params.ts'
import {
  common,
  commonBody,
  paths,
  pathsBody,
  subgraph,
  subgraphBody,
  traversal,
  traverseBody,
} from '../graph-schemas.ts'
import { graphAnswer } from '../respond.ts'
import { graphName } from '../schemas.ts'

const graphParams = z.object({ graph: graphName })
const base = '/api/v1/graphs/{graph}'
const tags = ['Traversal']

/** Searches in the topology of a graph. */
export function graphQueryRoutes(app: App): void {
  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: `${base}/traverse`,
      tags,
      summary: 'What can be reached from some entities',
      request: { params: graphParams, body: jsonBody(traverseBody) },
      responses: {
        200: ok(traversal, 'Entities in the order in which they are reached'),
        ...problems(404),
      },
    }),
    async (c) => {
      const body = c.req.valid('json')
      const shown = body.return ?? 'entities'
      const output = shown === 'records' ? 'entities' : shown
      const answer = await traverseGraph(c.get('context'), queryOf(body, namesOf(body), { output }))
      return queryAnswer(c, answer, (queried) => shownTraversal(queried, shown))
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: `${base}/subgraph`,
      tags,
      summary: 'Some entities, those around them, and the relationships between all of these',
      request: { params: graphParams, body: jsonBody(subgraphBody) },
      responses: { 200: ok(subgraph, 'Nodes and edges, for drawing'), ...problems(404) },
    }),
    async (c) => {
      const body = c.req.valid('json')
      const { direction = 'both', edge_limit: edgeLimit } = body
      const answer = await readSubgraph(
        c.get('context'),
        queryOf(body, namesOf(body), { direction, edgeLimit }),
      )
      return queryAnswer(c, answer, shownSubgraph)
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: `${base}/paths`,
      tags,
      summary: 'The shortest paths between two entities',
      request: { params: graphParams, body: jsonBody(pathsBody) },
      responses: { 200: ok(paths, 'Paths, the shortest first'), ...problems(404) },
    }),
    async (c) => {
      const body = c.req.valid('json')
      const names = [
        refOf(body.from_id, body.from_external_id),
        refOf(body.to_id, body.to_external_id),
      ]
      const { k, max_length: maxLength } = body
      const answer = await findPaths(c.get('context'), {
        ...queryOf(body, names, { k, maxLength }),
        weightKeys: body.weight?.split('.').slice(1) ?? null,
      })
      return queryAnswer(c, answer, shownPaths)
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: `${base}/common-neighbors`,
      tags,
      summary: 'What two entities have in common',
      request: { params: graphParams, body: jsonBody(commonBody) },
      responses: {
        200: ok(common, 'Entities to which a relationship leads from both'),
        ...problems(404),
      },
    }),
    async (c) => {
      const body = c.req.valid('json')
      const answer = await findCommonNeighbors(c.get('context'), queryOf(body, namesOf(body), {}))
      return queryAnswer(c, answer, shownCommon)
    },
  )
}

/** The body's schema has made sure that there is exactly one. */
function refOf(id: string | undefined, externalId: string | undefined): EntityRef {
  return externalId === undefined ? { id: id ?? '' } : { externalId }
}

/** An engine's answer, and how long the engine took, unless it took no time that a clock has seen. */
export function queryAnswer<T extends Answered>(
  c: HonoContext<AppEnv>,
  answer: Answer<Queried<T>>,
  shown: (queried: Queried<T>) => unknown,
): Response {
  const { engine, ms } = answer.value.found.cost
  const response = graphAnswer(c, { ...answer, value: shown(answer.value) })
  if (ms > 0) {
    response.headers.append('server-timing', `graph;dur=${ms.toFixed(1)};desc="${engine}"`)
  }
  return response
}
