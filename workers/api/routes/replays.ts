import { z } from '@hono/zod-openapi'
import { AppError } from '../../../core/errors.ts'
import { isUuid } from '../../../core/ids.ts'
import {
  createReplay,
  createReplays,
  findReplays,
  type ReplayInput,
  readReplay,
  stopReplay,
} from '../../operations/replays.ts'
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
import { graphName, id, listOf, time } from '../schemas.ts'
import { consumerName } from './consumers.ts'

const replay = z
  .object({
    id: z.string(),
    consumer: z.string(),
    state: z.enum(['running', 'done', 'cancelled', 'failed']),
    from_seq: z.int(),
    to_seq: z.int().nullable().openapi({ description: 'null: to the end of the log.' }),
    seq: z.int().openapi({
      description:
        'The last event that was read; 0 while the records are taken that were there before the log.',
    }),
    rebuilds: z.boolean().openapi({
      description: 'A projection is built beside the one that is read, and replaces it at the end.',
    }),
    events_per_second: z.int().nullable(),
    attempts: z.int().openapi({ description: 'How often the next event has failed in a row.' }),
    next_attempt_at: time.nullable(),
    reason: z.string().nullable(),
    created_at: time,
    updated_at: time,
  })
  .openapi('Replay')

const newReplay = z
  .strictObject({
    from_seq: z.int().min(1).default(1).openapi({ description: 'The first event; default 1.' }),
    to_seq: z.int().min(1).optional().openapi({ description: 'The last event; default the end.' }),
    events_per_second: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .openapi({ description: 'At most so many; default as fast as it goes.' }),
  })
  .openapi('NewReplay', { example: { from_seq: 1, events_per_second: 1_000 } })

const base = '/api/v1/graphs/{graph}/replays'
const params = z.object({ graph: graphName, id })
const tags = ['Consumers']

export function replayRoutes(app: App): void {
  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: '/api/v1/graphs/{graph}/consumers/{consumer}/replays',
      tags,
      summary: 'Let a consumer read a log again',
      description:
        'What it takes live goes on meanwhile. A projection is rebuilt beside the one there is, and replaces it at the end. Where the log is no longer kept from its beginning, it begins with the records as they were then.',
      request: {
        params: z.object({ graph: graphName, consumer: consumerName }),
        headers: idempotencyKey,
        body: jsonBody(newReplay),
      },
      responses: { 202: ok(replay, 'Begun'), ...problems(404, 409, 410) },
    }),
    async (c) => {
      const input = toInput(c.req.valid('param').consumer, c.req.valid('json'))
      const { answer, replayed } = await createReplay(c.get('context'), input)
      if (replayed) c.header('idempotency-replayed', 'true')
      c.header('location', `/api/v1/graphs/${c.req.valid('param').graph}/replays/${answer.id}`)
      return c.json(answer as never, 202)
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: '/api/v1/consumers/{consumer}/replays',
      tags,
      summary: 'Let a consumer read the logs of all graphs again',
      request: {
        params: z.object({ consumer: consumerName }),
        headers: idempotencyKey,
        body: jsonBody(newReplay),
      },
      responses: {
        202: ok(
          z.object({
            items: z.array(z.object({ graph: graphName, id: z.string() })),
            skipped: z.array(z.object({ graph: graphName, reason: z.string() })),
          }),
          'Begun in these graphs',
        ),
        ...problems(404),
      },
    }),
    async (c) => {
      const input = toInput(c.req.valid('param').consumer, c.req.valid('json'))
      const { answer, replayed } = await createReplays(c.get('context'), input)
      if (replayed) c.header('idempotency-replayed', 'true')
      return c.json(answer as never, 202)
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: base,
      tags,
      summary: 'List replays of a graph',
      request: {
        params: z.object({ graph: graphName }),
        query: z.object({
          cursor: z.string().optional(),
          limit: z.string().optional().openapi({ description: '1 to 1,000; default 50.' }),
        }),
      },
      responses: { 200: ok(listOf(replay), 'The newest first'), ...problems(400, 404) },
    }),
    async (c) => {
      const reader = readParams(searchParams(c), ['cursor', 'limit'])
      const limit = readInteger(reader, 'limit', 50, 1, 1_000)
      finish(reader)
      const cursor = reader.params.get('cursor')
      const before = cursor === null ? null : positionOf(cursor)
      const items = await findReplays(c.get('context'), { limit, before })
      const last = items.length === limit ? items.at(-1) : undefined
      const next = last ? timeCursor({ at: last.created_at, id: last.id }) : null
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
      summary: 'Get a replay',
      request: { params },
      responses: { 200: ok(replay, 'The replay'), ...problems(404) },
    }),
    async (c) => c.json((await readReplay(c.get('context'), c.req.valid('param').id)) as never),
  )

  endpoint(
    app,
    securedRoute({
      method: 'delete',
      path: `${base}/{id}`,
      tags,
      summary: 'Cancel a replay',
      request: { params, headers: idempotencyKey },
      responses: { 204: { description: 'Cancelled' }, ...problems(404) },
    }),
    async (c) => {
      const { replayed } = await stopReplay(c.get('context'), c.req.valid('param').id)
      if (replayed) c.header('idempotency-replayed', 'true')
      return c.body(null, 204)
    },
  )
}

function toInput(consumer: string, body: z.output<typeof newReplay>): ReplayInput {
  return {
    consumer,
    fromSeq: body.from_seq,
    toSeq: body.to_seq ?? null,
    eventsPerSecond: body.events_per_second ?? null,
  }
}

function positionOf(cursor: string) {
  const { at, id: last } = parseTimeCursor(cursor)
  if (!isUuid(last)) throw new AppError('malformed_request', 'cursor: not one that this list gave')
  return { createdAt: at, id: last }
}
