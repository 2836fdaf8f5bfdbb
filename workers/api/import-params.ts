import { z } from '@hono/zod-openapi'
import type { CsvOptions } from '../../core/formats/csv/plan.ts'
import { GRAPHML_DEFAULTS, type GraphmlOptions } from '../../core/formats/graphml/read-graphml.ts'
import { JOB_PRIORITIES, type JobPriority } from '../../core/jobs/job.ts'
import type { ImportFormat } from './import-formats.ts'
import { finish, type Reader, readOneOf, readParams } from './list-params.ts'
import { typeName } from './schemas.ts'

/** What the query of an import says of its body. */
export type ImportParams = { readonly isDryRun: boolean } & (
  | { readonly format: 'ndjson' | 'stix' }
  | { readonly format: 'csv'; readonly options: CsvOptions }
  | { readonly format: 'graphml'; readonly options: Omit<GraphmlOptions, 'onWarning'> }
)

const COMMON = ['dry_run', 'async', 'priority']
const OWN: Readonly<Record<ImportFormat, readonly string[]>> = {
  ndjson: COMMON,
  stix: COMMON,
  csv: [...COMMON, 'kind', 'type', 'map', 'unmapped', 'infer'],
  graphml: [...COMMON, 'type', 'relationship_type', 'map'],
}

const MAP = /^([^=]*)=(.+)$/s

/** For the OpenAPI document; what is allowed depends on the format and is checked below. */
export const importQuery = z.object({
  dry_run: z
    .string()
    .optional()
    .openapi({
      description: '`true`: everything but the write. Default `false`.',
      enum: ['true', 'false'],
    }),
  async: z
    .string()
    .optional()
    .openapi({
      description: '`true`: a job loads it, and the answer is 202. Default `false`.',
      enum: ['true', 'false'],
    }),
  priority: z
    .string()
    .optional()
    .openapi({ enum: [...JOB_PRIORITIES], description: 'Of the job. Default `normal`.' }),
  kind: z
    .string()
    .optional()
    .openapi({
      description: 'CSV: what the rows are. Default: relationships if two columns are their ends.',
      enum: ['entity', 'relationship'],
    }),
  type: z.string().optional().openapi({
    description: 'CSV: type of rows without one. GraphML: of nodes without one; default `node`.',
    example: 'airport',
  }),
  relationship_type: z.string().optional().openapi({
    description: 'GraphML: type of edges without one. Default `edge`.',
  }),
  map: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .openapi({
      type: 'array',
      items: { type: 'string' },
      description:
        'CSV: column=field; GraphML: key=field. A field is `external_id`, `name`, `lat`, … or ' +
        '`properties.<key>`, which may end in `:string`, `:number`, `:boolean` or `:json`; `-` ' +
        'leaves the column out. May be repeated.',
      example: ['iata=external_id', 'city=properties.city'],
    }),
  unmapped: z
    .string()
    .optional()
    .openapi({
      description: 'CSV: columns that are no field become properties (default), or nothing.',
      enum: ['properties', 'ignore'],
    }),
  infer: z
    .string()
    .optional()
    .openapi({
      description: 'CSV: whether cells tell the type of a column that states none. Default `true`.',
      enum: ['true', 'false'],
    }),
})

/** Throws one error that names every parameter that is unknown to the format or wrong. */
export function readImportParams(params: URLSearchParams, format: ImportFormat): ImportParams {
  const reader = readParams(params, OWN[format])
  const isDryRun = readOneOf(reader, 'dry_run', ['true', 'false'], 'false') === 'true'
  readOneOf(reader, 'async', ['true', 'false'], 'false')
  readJobPriority(reader)
  const type = readType(reader, 'type')
  const relationshipType = readType(reader, 'relationship_type')
  const map = readMap(reader)
  const kind = params.has('kind')
    ? readOneOf(reader, 'kind', ['entity', 'relationship'], 'entity')
    : null
  const unmapped = readOneOf(reader, 'unmapped', ['properties', 'ignore'], 'properties')
  const infer = readOneOf(reader, 'infer', ['true', 'false'], 'true') === 'true'
  finish(reader)
  if (format === 'csv') {
    return { format, isDryRun, options: { kind, type, map, unmapped, infer } }
  }
  if (format !== 'graphml') return { format, isDryRun }
  const options = {
    entityType: type ?? GRAPHML_DEFAULTS.entityType,
    relationshipType: relationshipType ?? GRAPHML_DEFAULTS.relationshipType,
    map,
  }
  return { format, isDryRun, options }
}

/** The queue that a job is to wait in. */
export function readJobPriority(reader: Reader): JobPriority {
  return readOneOf(reader, 'priority', JOB_PRIORITIES, 'normal')
}

function readType({ params, errors }: Reader, name: string): string | null {
  const text = params.get(name)
  if (text === null) return null
  const parsed = typeName.safeParse(text)
  if (!parsed.success) {
    for (const { message } of parsed.error.issues) errors.push({ pointer: name, message })
  }
  return text
}

function readMap({ params, errors }: Reader): Map<string, string> {
  const map = new Map<string, string>()
  for (const text of params.getAll('map')) {
    const [, column, target] = MAP.exec(text) ?? []
    if (column === undefined || target === undefined) {
      const message = `must be column=field, got ${JSON.stringify(text.slice(0, 100))}`
      errors.push({ pointer: 'map', message })
    } else map.set(column, target)
  }
  return map
}
