import type { JobResult } from '../../../core/jobs/job.ts'
import { readImportParams } from '../../api/import-params.ts'
import { jobKind } from '../kind.ts'
import {
  FIRST_CURSOR,
  type ImportCursor,
  type ImportJobParams,
  importCursor,
  importJobParams,
  WORK,
} from './cursor.ts'
import { readChunk } from './read.ts'
import { writeChunk } from './write.ts'

/**
 * Loads an uploaded file into a graph as an import that is answered at once would: each row for itself,
 * entities first, and nothing at all of a file that cannot be read to its end.
 */
export const importKind = jobKind({
  kind: 'import',
  permission: 'graph.write',
  params: importJobParams,
  cursor: importCursor,
  async step(run, params, cursor) {
    const now = cursor ?? FIRST_CURSOR
    switch (now.phase) {
      case 'read':
        return readChunk(run, params, now)
      case 'entity':
      case 'relationship':
        return writeChunk(run, params, now)
      case 'clean':
        await run.files.deleteAll(WORK)
        return {
          result: resultOf(params, now),
          progress: { done: now.rows, total: now.rows, unit: 'rows' },
        }
    }
  },
})

function resultOf(params: ImportJobParams, cursor: ImportCursor): JobResult {
  const { rows, created, updated, unchanged, refused, errors, warnings, bookmark } = cursor
  const { isDryRun } = readImportParams(new URLSearchParams(params.query), params.format)
  const file = {
    name: 'refused.ndjson',
    contentType: 'application/x-ndjson',
    parts: cursor.refusedParts,
  }
  return {
    value: {
      ...{ rows, created, updated, unchanged, refused },
      errors: errors.map(({ errors: fields, ...row }) => ({
        ...row,
        ...(fields ? { errors: fields } : {}),
      })),
      ...(warnings.length > 0 ? { warnings } : {}),
      ...(isDryRun ? { dry_run: true } : {}),
      bookmark,
    },
    files: refused > 0 ? [file] : [],
  }
}
