import { z } from '@hono/zod-openapi'
import type { Kind } from '../../core/log/commands.ts'
import { finish, readOneOf, readParams } from './list-params.ts'

const FORMATS = ['ndjson', 'csv', 'graphml'] as const
export type ExportFormat = (typeof FORMATS)[number]

export type ExportParams = {
  readonly format: ExportFormat
  readonly kinds: readonly Kind[]
  readonly metadata: boolean
}

export const exportQuery = z.object({
  format: z
    .string()
    .optional()
    .openapi({ enum: [...FORMATS], description: 'Default `ndjson`.' }),
  kind: z
    .string()
    .optional()
    .openapi({
      enum: ['entity', 'relationship'],
      description: 'Records of this kind only. CSV needs it; GraphML takes none.',
    }),
  metadata: z
    .string()
    .optional()
    .openapi({
      enum: ['true', 'false'],
      description: '`true`: with version, created_at and updated_at. Default `false`.',
    }),
})

/** Throws one error that names every parameter that is unknown or wrong. */
export function readExportParams(params: URLSearchParams): ExportParams {
  const reader = readParams(params, ['format', 'kind', 'metadata', 'async'])
  if (params.has('async')) {
    reader.errors.push({ pointer: 'async', message: 'a job is made by POST, not by GET' })
  }
  const format = readOneOf(reader, 'format', FORMATS, 'ndjson')
  const kind = params.has('kind')
    ? readOneOf(reader, 'kind', ['entity', 'relationship'], 'entity')
    : null
  const metadata = readOneOf(reader, 'metadata', ['true', 'false'], 'false') === 'true'
  if (format === 'csv' && kind === null) {
    const message = 'CSV has entities and relationships in files of their own: name one of them'
    reader.errors.push({ pointer: 'kind', message })
  }
  if (format === 'graphml' && kind !== null) {
    reader.errors.push({ pointer: 'kind', message: 'GraphML has both kinds in one file' })
  }
  finish(reader)
  return { format, kinds: kind === null ? ['entity', 'relationship'] : [kind], metadata }
}
