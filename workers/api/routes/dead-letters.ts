import { z } from '@hono/zod-openapi'
import {
  discardDeadLetter,
  findDeadLetters,
  readDeadLetter,
  replayDeadLetter,
} from '../../operations/dead-letters.ts'
import { parseTimeCursor, timeCursor } from '../cursors.ts'
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
import { finish, readInteger, readParams } from '../list-params.ts'
import { linkNext } from '../respond.ts'
import { graphName, listOf, time } from '../schemas.ts'
import { nothing } from './consumers.ts'

const deadLetter = z
  .object({
    id: z.string(),
    queue: z.string().openapi({ example: 'tendril-log' }),
    message: z.unknown().openapi({ type: 'object', description: 'As it was sent.' }),
    reason: z.string(),
    attempts: z.int(),
    at: time,
  })
  .openapi('DeadLetter')

const base = '/api/v1/graphs/{graph}/dead-letters'
const messageId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,128}$/, 'must be the id of a message')
  .openapi({ example: '0a1b2c3d4e5f' })
const params = z.object({ graph: graphName, id: messageId })
const tags = ['Consumers']

export function deadLetterRoutes(app: App): void {
  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: base,
      tags,
      summary: 'List messages that failed for good',
      request: {
        params: z.object({ graph: graphName }),
        query: z.object({
          cursor: z.string().optional(),
          limit: z.string().optional().openapi({ description: '1 to 1,000; default 50.' }),
        }),
      },
      responses: { 200: ok(listOf(deadLetter), 'The newest first'), ...problems(400, 404) },
    }),
    async (c) => {
      const reader = readParams(searchParams(c), ['cursor', 'limit'])
      const limit = readInteger(reader, 'limit', 50, 1, 1_000)
      finish(reader)
      const cursor = reader.params.get('cursor')
      const before = cursor === null ? null : parseTimeCursor(cursor)
      const items = await findDeadLetters(c.get('context'), { limit, before })
      const last = items.length === limit ? items.at(-1) : undefined
      const next = last ? timeCursor(last) : null
      linkNext(c, next)
      return c.json({ items, next } as never)
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: `${base}/{id}`,
      tags,
      summary: 'Get a message that failed for good',
      request: { params },
      responses: { 200: ok(deadLetter, 'The message'), ...problems(404) },
    }),
    async (c) => c.json((await readDeadLetter(c.get('context'), c.req.valid('param').id)) as never),
  )

  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: `${base}/{id}/replay`,
      tags,
      summary: 'Send the message again',
      request: { params, headers: idempotencyKey, body: jsonBody(nothing) },
      responses: {
        204: { description: 'Sent, and no longer among the dead' },
        ...problems(404, 409),
      },
    }),
    async (c) => {
      const { replayed } = await replayDeadLetter(c.get('context'), c.req.valid('param').id)
      if (replayed) c.header('idempotency-replayed', 'true')
      return c.body(null, 204)
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'delete',
      path: `${base}/{id}`,
      tags,
      summary: 'Forget the message',
      request: { params, headers: idempotencyKey },
      responses: { 204: { description: 'Forgotten' }, ...problems(404) },
    }),
    async (c) => {
      const { replayed } = await discardDeadLetter(c.get('context'), c.req.valid('param').id)
      if (replayed) c.header('idempotency-replayed', 'true')
      return c.body(null, 204)
    },
  )
}
