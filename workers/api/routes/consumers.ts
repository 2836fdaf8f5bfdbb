import { z } from '@hono/zod-openapi'
import { findConsumers, findGraphConsumers } from '../../operations/consumers.ts'
import {
  discardParkedEvent,
  findParkedEvents,
  retryParkedEvent,
} from '../../operations/parked-events.ts'
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
import { graphName, listOf, time } from '../schemas.ts'

const count = z.int()

const consumerLag = z
  .object({
    name: z.string().openapi({ example: 'statistics' }),
    graphs: count,
    behind: count.openapi({ description: 'Graphs with events that it has not read.' }),
    lag: count.openapi({ description: 'Events that it has not read.' }),
    lag_seconds: count.openapi({ description: 'Age of the oldest of them.' }),
    failing: count.openapi({ description: 'Graphs in which its last attempt failed.' }),
    parked: count.openapi({ description: 'Events set aside, since it could not take them.' }),
  })
  .openapi('Consumer')

const graphConsumer = z
  .object({
    name: z.string(),
    seq: count.openapi({ description: 'The last event that it has taken.' }),
    head: count.openapi({ description: 'The last event there is.' }),
    lag: count,
    lag_seconds: count,
    generation: count.openapi({ description: 'Grows each time it is rebuilt.' }),
    attempts: count.openapi({ description: 'How often the next event has failed in a row.' }),
    next_attempt_at: time.nullable(),
    reason: z.string().nullable().openapi({ description: 'Why the last attempt failed.' }),
    parked: count,
  })
  .openapi('GraphConsumer')

const parkedEvent = z
  .object({ seq: count, reason: z.string(), attempts: count, parked_at: time })
  .openapi('ParkedEvent')

export const consumerName = z.string().min(1).max(64).openapi({ example: 'statistics' })

const seq = z
  .string()
  .regex(/^[1-9]\d{0,14}$/, 'must be the seq of an event')
  .openapi({ type: 'integer', example: 1 })

/** Every POST has a body, this one says nothing. */
export const nothing = z.strictObject({}).openapi('Nothing', { example: {} })

const base = '/api/v1/graphs/{graph}/consumers'
const parked = `${base}/{consumer}/parked-events`
const parkedParams = z.object({ graph: graphName, consumer: consumerName })
const eventParams = parkedParams.extend({ seq })
const tags = ['Consumers']

export function consumerRoutes(app: App): void {
  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: '/api/v1/consumers',
      tags,
      summary: 'How far each consumer is behind the logs',
      responses: { 200: ok(listOf(consumerLag), 'All consumers') },
    }),
    async (c) =>
      c.json({ items: await findConsumers(c.get('context'), null), next: null } as never),
  )

  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: base,
      tags,
      summary: 'How far each consumer is in a graph',
      request: { params: z.object({ graph: graphName }) },
      responses: { 200: ok(listOf(graphConsumer), 'All consumers'), ...problems(404) },
    }),
    async (c) =>
      c.json({ items: await findGraphConsumers(c.get('context'), null), next: null } as never),
  )

  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: parked,
      tags,
      summary: 'List events that a consumer could not take',
      request: {
        params: parkedParams,
        query: z.object({
          after: z.string().optional().openapi({ description: 'The last seq already seen.' }),
          limit: z.string().optional().openapi({ description: '1 to 1,000; default 100.' }),
        }),
      },
      responses: {
        200: ok(
          z.object({ items: z.array(parkedEvent), next: count.nullable() }),
          'Oldest first; `next` is the `after` of the next page',
        ),
        ...problems(404),
      },
    }),
    async (c) => {
      const reader = readParams(searchParams(c), ['after', 'limit'])
      const after = readInteger(reader, 'after', 0, 0, Number.MAX_SAFE_INTEGER)
      const limit = readInteger(reader, 'limit', 100, 1, 1_000)
      finish(reader)
      const { consumer } = c.req.valid('param')
      const items = await findParkedEvents(c.get('context'), { consumer, after, limit })
      const next = items.length === limit ? (items.at(-1)?.seq ?? null) : null
      return c.json({ items, next } as never)
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: `${parked}/{seq}/retry`,
      tags,
      summary: 'Let the consumer try a parked event again',
      request: { params: eventParams, headers: idempotencyKey, body: jsonBody(nothing) },
      responses: { 204: { description: 'Taken' }, ...problems(404, 409) },
    }),
    async (c) => {
      const { consumer, seq } = c.req.valid('param')
      const input = { consumer, seq: Number(seq) }
      const { replayed } = await retryParkedEvent(c.get('context'), input)
      if (replayed) c.header('idempotency-replayed', 'true')
      return c.body(null, 204)
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'delete',
      path: `${parked}/{seq}`,
      tags,
      summary: 'Give up a parked event: the consumer never takes it',
      request: { params: eventParams, headers: idempotencyKey },
      responses: { 204: { description: 'Discarded' }, ...problems(404) },
    }),
    async (c) => {
      const { consumer, seq } = c.req.valid('param')
      const input = { consumer, seq: Number(seq) }
      const { replayed } = await discardParkedEvent(c.get('context'), input)
      if (replayed) c.header('idempotency-replayed', 'true')
      return c.body(null, 204)
    },
  )
}
