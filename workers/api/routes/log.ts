import { z } from '@hono/zod-openapi'
import { encodeBookmark } from '../../../core/log/bookmark.ts'
import { writeBatch } from '../../operations/batch.ts'
import { readChanges } from '../../operations/changes.ts'
import { exportGraph } from '../../operations/export.ts'
import { importRows } from '../../operations/import.ts'
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
import { MAX_IMPORT_ROWS, ndjsonStream, parseImport } from '../ndjson.ts'
import { graphAnswer } from '../respond.ts'
import { change, graphName } from '../schemas.ts'

const graphParams = z.object({ graph: graphName })
const base = '/api/v1/graphs/{graph}'

const outcome = z.object({
  outcome: z.enum(['created', 'updated', 'unchanged', 'deleted']),
  id: z.string(),
  version: z.int(),
})

const importReport = z
  .object({
    rows: z.int(),
    created: z.int(),
    updated: z.int(),
    unchanged: z.int(),
    refused: z.int(),
    errors: z.array(
      z.object({
        line: z.int(),
        code: z.string(),
        message: z.string(),
        errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
      }),
    ),
  })
  .openapi('ImportReport')

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
      return graphAnswer(c, await readChanges(c.get('context'), { after, limit }))
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: `${base}/import`,
      tags: ['Import and export'],
      summary: 'Load NDJSON rows, each standing for itself',
      description: `Up to ${MAX_IMPORT_ROWS.toLocaleString('en')} rows or 10 MB. A row is what an export writes. Rows are found again by external_id (or id), so an import can be repeated without doubles.`,
      request: {
        params: graphParams,
        headers: idempotencyKey,
        body: {
          required: true,
          content: {
            'application/x-ndjson': {
              schema: z.string().openapi({
                example:
                  '{"kind":"entity","type":"airport","external_id":"ATL","name":"Hartsfield-Jackson"}',
              }),
            },
          },
        },
      },
      responses: {
        200: ok(importReport, 'What became of the rows'),
        ...problems(404),
      },
    }),
    async (c) => {
      const context = c.get('context')
      const rows = parseImport(await c.req.text(), context.services.newId)
      const { value, ...at } = await importRows(context, rows)
      const errors = value.errors.map(({ line, error }) => ({
        line,
        code: error.code,
        message: error.message,
        ...(error.detail.errors ? { errors: error.detail.errors } : {}),
      }))
      return graphAnswer(c, { value: { ...value, errors }, ...at })
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: `${base}/export`,
      tags: ['Import and export'],
      summary: 'The whole graph as NDJSON, as it is at one seq',
      request: { params: graphParams },
      responses: {
        200: {
          description: 'Entities, then relationships, a row each',
          content: { 'application/x-ndjson': { schema: z.string() } },
        },
        ...problems(404),
      },
    }),
    async (c) => {
      const { bookmark, records } = await exportGraph(c.get('context'), null)
      return new Response(ndjsonStream(records), {
        headers: {
          'content-type': 'application/x-ndjson',
          'tendril-bookmark': encodeBookmark(bookmark),
        },
      })
    },
  )
}
