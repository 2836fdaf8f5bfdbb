import { z } from '@hono/zod-openapi'
import { writeBatch } from '../../operations/batch.ts'
import { readChanges } from '../../operations/changes.ts'
import { batch, toCommand } from '../commands.ts'
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
import { graphAnswer, seqAnswer } from '../respond.ts'
import { change, graphName } from '../schemas.ts'

const graphParams = z.object({ graph: graphName })
const base = '/api/v1/graphs/{graph}'

const outcome = z.object({
  outcome: z.enum(['created', 'updated', 'unchanged', 'deleted']),
  id: z.string(),
  version: z.int(),
})

export function logRoutes(app: App): void {
  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: `${base}/batch`,
      tags: ['Batch'],
      summary: 'Write up to 1,000 mixed commands, all or none',
      request: { params: graphParams, headers: idempotencyKey, body: jsonBody(batch) },
      responses: {
        200: ok(z.object({ items: z.array(outcome) }), 'What each command did'),
        ...problems(404, 409, 412),
      },
    }),
    async (c) => {
      const context = c.get('context')
      const commands = c.req.valid('json').commands
      const { value, ...at } = await writeBatch(
        context,
        commands.map((command) => toCommand(command, context.services.newId)),
      )
      return graphAnswer(c, { value: { items: value }, ...at })
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: `${base}/changes`,
      tags: ['Log'],
      summary: 'Read the log after a seq',
      request: {
        params: graphParams,
        query: z.object({
          after: z.string().optional().openapi({
            description:
              'The last seq already seen; default 0. `next` of the answer goes on from there.',
            example: '0',
          }),
          limit: z.string().optional().openapi({ description: '1 to 1,000; default 100.' }),
        }),
      },
      responses: {
        200: ok(
          z.object({ items: z.array(change), next: z.int(), head: z.int() }),
          'Events, oldest first; `head` is the newest seq of the graph',
        ),
        ...problems(404, 410),
      },
    }),
    async (c) => {
      const reader = readParams(searchParams(c), ['after', 'limit'])
      const after = readInteger(reader, 'after', 0, 0, Number.MAX_SAFE_INTEGER)
      const limit = readInteger(reader, 'limit', 100, 1, 1_000)
      finish(reader)
      return seqAnswer(c, await readChanges(c.get('context'), { after, limit }))
    },
  )
}
