import type { JobResult } from '../../../core/jobs/job.ts'
import { readImportParams } from '../../api/import-params.ts'
import { type JobKind, type JobStep, jobKind } from '../kind.ts'
import {
  FIRST_CURSOR,
  type ImportCursor,
  type ImportJobParams,
  type ImportLimits,
  importCursor,
  importJobParams,
  WORK,
} from './cursor.ts'
import { readChunk } from './read.ts'
import { writeChunk } from './write.ts'

const LIMITS: ImportLimits = { chunkRows: 5_000, chunkCharacters: 4 * 1024 * 1024 }

/**
 * Loads an uploaded file into a graph as an import that is answered at once would: each row for itself,
 * entities first, and nothing at all of a file that cannot be read to its end.
 */
export function importJobs(limits = LIMITS): JobKind {
  return jobKind({
    kind: 'import',
    permission: 'graph.write',
    params: importJobParams,
    cursor: importCursor,
    async step(run, params, cursor): Promise<JobStep<ImportCursor>> {
      const now = cursor ?? FIRST_CURSOR
      switch (now.phase) {
        case 'read':
          return readChunk(run, params, now, limits)
        case 'entity':
        case 'relationship':
          return writeChunk(run, params, now, limits)
        case 'clean':
          await run.files.deleteAll(WORK)
          return {
            result: resultOf(params, now),
            progress: { done: now.rows, total: now.rows, unit: 'rows' },
          }
      }
    },
  })
}

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
