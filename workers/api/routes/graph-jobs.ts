import { z } from '@hono/zod-openapi'
import { MAX_TYPES } from '../../../core/graph/engine.ts'
import { MOST_ROUNDS, RANK_DEFAULTS } from '../../../core/graph/rank.ts'
import { JOB_PRIORITIES } from '../../../core/jobs/job.ts'
import { findComponentsLater, rankLater } from '../../operations/graph-jobs.ts'
import {
  type App,
  endpoint,
  idempotencyKey,
  jsonBody,
  ok,
  problems,
  securedRoute,
} from '../endpoint.ts'
import { jobSchema } from '../job-schema.ts'
import { jobAnswer } from '../respond.ts'
import { graphName, typeName } from '../schemas.ts'

const params = z.object({ graph: graphName })
const base = '/api/v1/graphs/{graph}'
const tags = ['Traversal']

const types = (description: string) =>
  z.array(typeName).max(MAX_TYPES).optional().openapi({ description })

const shared = {
  relationship_types: types('Relationships that count. Absent: all.'),
  entity_types: types('Entities that count, and what is between them. Absent: all.'),
  priority: z.enum(JOB_PRIORITIES).optional().openapi({ description: 'Default `normal`.' }),
}

const pagerankBody = z
  .strictObject({
    damping: z
      .number()
      .gt(0)
      .lt(1)
      .optional()
      .openapi({ description: `Default ${RANK_DEFAULTS.damping}.` }),
    tolerance: z
      .number()
      .positive()
      .optional()
      .openapi({
        description: `It ends when an iteration changes all scores together by less. Default ${RANK_DEFAULTS.tolerance}.`,
      }),
    max_iterations: z
      .int()
      .min(1)
      .max(MOST_ROUNDS)
      .optional()
      .openapi({ description: `Default ${RANK_DEFAULTS.maxRounds}.` }),
    ...shared,
  })
  .openapi('PageRank', { example: { relationship_types: ['route'], damping: 0.85 } })

const componentsBody = z
  .strictObject(shared)
  .openapi('Components', { example: { relationship_types: ['route'] } })

const responses = { 202: ok(jobSchema, 'The job'), ...problems(404, 429) }

/** Analyses of a whole graph, which jobs do. */
export function graphJobRoutes(app: App): void {
  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: `${base}/pagerank`,
      tags,
      summary: 'PageRank of all entities, by a job',
      description:
        'Of the graph as it is when the job begins. `GET /jobs/{id}` has the link to a file with a line for each entity, the highest score first. `{}` takes all defaults.',
      request: { params, headers: idempotencyKey, body: jsonBody(pagerankBody) },
      responses,
    }),
    async (c) => {
      const body = c.req.valid('json')
      const { graph } = c.req.valid('param')
      const { damping, tolerance, maxRounds } = RANK_DEFAULTS
      const job = await rankLater(c.get('context'), {
        ...{ graph, priority: body.priority ?? 'normal' },
        params: {
          ...filters(body),
          fileName: `${graph}-pagerank.ndjson`,
          damping: body.damping ?? damping,
          tolerance: body.tolerance ?? tolerance,
          maxRounds: body.max_iterations ?? maxRounds,
        },
      })
      return jobAnswer(c, job)
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: `${base}/components`,
      tags,
      summary: 'The connected components of the whole graph, by a job',
      description:
        'Of the graph as it is when the job begins, whatever the direction of relationships. `GET /jobs/{id}` has the link to a file with a line for each entity, by id; a component is named by its smallest id. `{}` takes all defaults.',
      request: { params, headers: idempotencyKey, body: jsonBody(componentsBody) },
      responses,
    }),
    async (c) => {
      const body = c.req.valid('json')
      const { graph } = c.req.valid('param')
      const job = await findComponentsLater(c.get('context'), {
        ...{ graph, priority: body.priority ?? 'normal' },
        params: { ...filters(body), fileName: `${graph}-components.ndjson` },
      })
      return jobAnswer(c, job)
    },
  )
}

function filters(body: z.infer<typeof componentsBody>) {
  return { types: body.relationship_types ?? null, entityTypes: body.entity_types ?? null }
}
