import { z } from '@hono/zod-openapi'
import { writeCsv } from '../../../core/formats/csv/write-csv.ts'
import type { Records } from '../../../core/formats/exported.ts'
import { writeGraphml } from '../../../core/formats/graphml/write-graphml.ts'
import { writeNdjson } from '../../../core/formats/ndjson.ts'
import { encodeBookmark } from '../../../core/log/bookmark.ts'
import type { Kind } from '../../../core/log/commands.ts'
import { refusedRow } from '../../jobs/import/refused.ts'
import { exportGraph } from '../../operations/export.ts'
import { exportLater } from '../../operations/export-job.ts'
import { importRows } from '../../operations/import.ts'
import { importLater } from '../../operations/import-job.ts'
import { type App, endpoint, idempotencyKey, ok, problems, securedRoute } from '../endpoint.ts'
import {
  type ExportFormat,
  type ExportParams,
  exportQuery,
  readExportParams,
} from '../export-params.ts'
import { importFormatOf } from '../import-formats.ts'
import { importQuery, readImportParams, readJobPriority } from '../import-params.ts'
import { MAX_IMPORT_ROWS, parseImport } from '../import-rows.ts'
import { jobSchema } from '../job-schema.ts'
import { finish, readParams } from '../list-params.ts'
import { graphAnswer, jobAnswer } from '../respond.ts'
import { graphName } from '../schemas.ts'
import { textStream } from '../text-stream.ts'
import { uploadOf } from '../upload.ts'

const graphParams = z.object({ graph: graphName })
const base = '/api/v1/graphs/{graph}'

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
    warnings: z.array(z.string()).optional().openapi({
      description: 'What was read otherwise than the file means it.',
    }),
    dry_run: z.literal(true).optional().openapi({ description: 'Nothing was written.' }),
  })
  .openapi('ImportReport')

const text = (example: string) => ({ schema: z.string().openapi({ example }) })

const STIX_EXAMPLE = {
  type: 'bundle',
  id: 'bundle--5d0092c5-5f74-4287-9642-33f4c354e56d',
  objects: [{ type: 'tool', id: 'tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f', name: 'ping' }],
}

export function importExportRoutes(app: App): void {
  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: `${base}/import`,
      tags: ['Import and export'],
      summary: 'Load rows, each standing for itself',
      description: `Up to ${MAX_IMPORT_ROWS.toLocaleString('en')} rows or 10 MB, as NDJSON, CSV, GraphML or a STIX 2.1 bundle. Rows are found again by external_id (or id), so an import can be repeated without doubles. With \`async=true\` up to 5 GB of NDJSON, or 256 MB of another format, which a job loads.`,
      request: {
        params: graphParams,
        headers: idempotencyKey,
        query: importQuery,
        body: {
          required: true,
          content: {
            'application/x-ndjson': text(
              '{"kind":"entity","type":"airport","external_id":"ATL","name":"Hartsfield-Jackson"}',
            ),
            'text/csv': text(
              'external_id,type,name,lat,lon,properties.runways:number\nATL,airport,Hartsfield-Jackson,33.64,-84.43,5\n',
            ),
            'application/graphml+xml': text(
              '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="directed"><node id="ATL"/></graph></graphml>',
            ),
            // Not a zod schema, with which the body would be parsed as one JSON value beforehand.
            'application/stix+json;version=2.1': {
              schema: { type: 'object', required: ['objects'], example: STIX_EXAMPLE },
            },
          },
        },
      },
      responses: {
        200: ok(importReport, 'What became of the rows'),
        202: ok(jobSchema, 'With `async=true`: the job that loads them'),
        ...problems(404, 429),
      },
    }),
    async (c) => {
      const context = c.get('context')
      // readBody has refused every other type.
      const format = importFormatOf(c.req.header('content-type') ?? '') ?? 'ndjson'
      const { search, searchParams } = new URL(c.req.url)
      const params = readImportParams(searchParams, format)
      if (searchParams.get('async') === 'true') {
        const body = uploadOf(c.req.raw)
        const { graph } = c.req.valid('param')
        const priority = readJobPriority(readParams(searchParams, [...searchParams.keys()]))
        const input = { graph, format, query: search, body, priority }
        return jobAnswer(c, await importLater(c.get('context'), input))
      }
      const { isDryRun } = params
      const { rows, warnings } = await parseImport(
        c.get('bodyText') ?? '',
        params,
        context.services.newId,
      )
      const { value, ...at } = await importRows(context, { rows, isDryRun })
      const report = {
        ...value,
        errors: value.errors.map(refusedRow),
        ...(warnings.length > 0 ? { warnings } : {}),
        ...(isDryRun ? { dry_run: true } : {}),
      }
      return graphAnswer(c, { value: report, ...at })
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: `${base}/export`,
      tags: ['Import and export'],
      summary: 'The whole graph, as it is at one seq',
      description:
        'Loaded into an empty graph and exported again, it is the same bytes: without metadata, and for CSV entities before relationships.',
      request: { params: graphParams, query: exportQuery },
      responses: {
        200: {
          description: 'Entities, then relationships, each by id',
          content: {
            'application/x-ndjson': { schema: z.string() },
            'text/csv': { schema: z.string() },
            'application/graphml+xml': { schema: z.string() },
          },
        },
        ...problems(404),
      },
    }),
    async (c) => {
      const params = readExportParams(new URL(c.req.url).searchParams)
      const { bookmark, records } = await exportGraph(c.get('context'), params)
      const { graph } = c.req.valid('param')
      return new Response(textStream(written(params, records)), {
        headers: {
          'content-type': CONTENT_TYPES[params.format],
          'content-disposition': `attachment; filename="${fileNameOf(graph, params)}"`,
          'tendril-bookmark': encodeBookmark(bookmark),
        },
      })
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: `${base}/export`,
      tags: ['Import and export'],
      summary: 'The whole graph into a file, by a job',
      description:
        'For graphs too large for one answer: the same bytes, as the graph is when the job begins. `GET /jobs/{id}` has the link.',
      request: {
        params: graphParams,
        headers: idempotencyKey,
        query: exportQuery.extend({
          async: z.literal('true').optional(),
          priority: importQuery.shape.priority,
        }),
      },
      responses: { 202: ok(jobSchema, 'The job'), ...problems(404, 413, 429) },
    }),
    async (c) => {
      const search = new URL(c.req.url).searchParams
      const reader = readParams(search, [...search.keys()])
      const priority = readJobPriority(reader)
      finish(reader)
      for (const name of ['async', 'priority']) search.delete(name)
      const params = readExportParams(search)
      const { graph } = c.req.valid('param')
      const job = await exportLater(c.get('context'), {
        graph,
        priority,
        params: {
          format: params.format,
          kinds: [...params.kinds],
          metadata: params.metadata,
          fileName: fileNameOf(graph, params),
          contentType: CONTENT_TYPES[params.format],
        },
      })
      return jobAnswer(c, job)
    },
  )
}

function fileNameOf(graph: string, { format, kinds }: ExportParams): string {
  const [kind, ...more] = kinds
  const part = more.length === 0 ? `-${PLURALS[kind ?? 'entity']}` : ''
  return `${graph}${part}.${format}`
}

const PLURALS: Readonly<Record<Kind, string>> = {
  entity: 'entities',
  relationship: 'relationships',
}

const CONTENT_TYPES: Readonly<Record<ExportFormat, string>> = {
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8; header=present',
  graphml: 'application/graphml+xml',
}

function written(
  { format, kinds, metadata }: ExportParams,
  records: Records,
): AsyncIterable<string> {
  switch (format) {
    case 'ndjson':
      return writeNdjson(records())
    case 'csv':
      return writeCsv(kinds[0] ?? 'entity', records, { metadata })
    case 'graphml':
      return writeGraphml(records)
  }
}
