import { z } from '@hono/zod-openapi'
import { hasEnded, JOB_STATES } from '../../../core/jobs/job.ts'
import type { Sort } from '../../../core/log/list-query.ts'
import { JOB_KINDS } from '../../jobs/kinds.ts'
import { cancelJob, deleteJob, findJobs, readJob, retryJob } from '../../operations/jobs.ts'
import { listCursor, parseListCursor } from '../cursors.ts'
import { type App, endpoint, ok, problems, securedRoute } from '../endpoint.ts'
import { jobSchema } from '../job-schema.ts'
import { finish, readInteger, readOneOf, readParams } from '../list-params.ts'
import { JOB_POLL_SECONDS, jobAnswer, linkNext } from '../respond.ts'
import { id, listOf } from '../schemas.ts'

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 200
const NEWEST_FIRST: Sort = { by: 'id', descending: true }

const base = '/api/v1/jobs'
const tags = ['Jobs']
const params = z.object({ id })
const KINDS = [...JOB_KINDS.keys()]
const jobOk = ok(jobSchema, 'The job')

export function jobRoutes(app: App): void {
  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: base,
      tags,
      summary: 'Jobs, newest first',
      request: {
        query: z.object({
          state: z
            .string()
            .optional()
            .openapi({ enum: [...JOB_STATES] }),
          kind: z.string().optional().openapi({ enum: KINDS }),
          graph: z.string().optional().openapi({ description: 'Name of a graph.' }),
          limit: z
            .string()
            .optional()
            .openapi({ description: `1 to ${MAX_LIMIT}.` }),
          cursor: z.string().optional().openapi({ description: 'Where an earlier page ended.' }),
        }),
      },
      responses: { 200: ok(listOf(jobSchema), 'A page'), ...problems(400) },
    }),
    async (c) => {
      const reader = readParams(new URL(c.req.url).searchParams, [
        ...['state', 'kind', 'graph', 'limit', 'cursor'],
      ])
      const given = (name: string) => reader.params.get(name)
      const state = given('state') && readOneOf(reader, 'state', JOB_STATES, 'queued')
      const kind = given('kind') && readOneOf(reader, 'kind', KINDS, '')
      const limit = readInteger(reader, 'limit', DEFAULT_LIMIT, 1, MAX_LIMIT)
      finish(reader)
      const cursor = given('cursor')
      const after = cursor === null ? null : parseListCursor(cursor, NEWEST_FIRST).id
      const query = { state: state || null, kind, graph: given('graph'), limit, after }
      const page = await findJobs(c.get('context'), query)
      const next = page.next && listCursor(NEWEST_FIRST, { value: page.next, id: page.next })
      linkNext(c, next)
      return c.json({ items: page.items, next } as never)
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: `${base}/{id}`,
      tags,
      summary: 'How far a job is, and what came of it',
      description:
        'With `Retry-After` until it has ended. Links to its files are made anew each time.',
      request: { params },
      responses: { 200: jobOk, ...problems(404) },
    }),
    async (c) => {
      const job = await readJob(c.get('context'), c.req.valid('param').id)
      if (!hasEnded(job.state)) c.header('retry-after', String(JOB_POLL_SECONDS))
      return c.json(job as never)
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: `${base}/{id}/cancel`,
      tags,
      summary: 'End a job before its time',
      description: 'What it has done stays.',
      request: { params },
      responses: { 200: jobOk, ...problems(404, 409) },
    }),
    async (c) => c.json((await cancelJob(c.get('context'), c.req.valid('param').id)) as never),
  )

  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: `${base}/{id}/retry`,
      tags,
      summary: 'Let a job that failed or was cancelled go on',
      description: 'Where it stopped, and in the name of whoever asks.',
      request: { params },
      responses: { 202: jobOk, ...problems(404, 409, 429) },
    }),
    async (c) => {
      const value = await retryJob(c.get('context'), c.req.valid('param').id)
      return jobAnswer(c, { value, replayed: false })
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'delete',
      path: `${base}/{id}`,
      tags,
      summary: 'Remove a job that has ended, and its files',
      request: { params },
      responses: { 204: { description: 'Removed' }, ...problems(404, 409) },
    }),
    async (c) => {
      await deleteJob(c.get('context'), c.req.valid('param').id)
      return c.body(null, 204)
    },
  )
}
