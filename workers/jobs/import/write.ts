import { v7 } from 'uuid'
import type { Row } from '../../../core/formats/rows.ts'
import type { Job } from '../../../core/jobs/job.ts'
import { encodeBookmark } from '../../../core/log/bookmark.ts'
import { readImportParams } from '../../api/import-params.ts'
import { toImportRow } from '../../api/import-rows.ts'
import { importRows } from '../../operations/import.ts'
import type { JobRun, JobStep } from '../kind.ts'
import {
  chunkFile,
  type ImportCursor,
  type ImportJobParams,
  type ImportLimits,
  type Writing,
  withRefused,
} from './cursor.ts'
import { refusedRow, writeRefused } from './refused.ts'

type Step = JobStep<ImportCursor>

const LETTERS = { entity: /[eb]/, relationship: /[rb]/ } as const

/** Writes the next chunk of one kind to the graph; after the last, the next phase begins. */
export async function writeChunk(
  run: JobRun,
  params: ImportJobParams,
  cursor: Writing,
  { chunkRows }: ImportLimits,
): Promise<Step> {
  const { phase } = cursor
  const ahead = cursor.chunks.slice(cursor.chunk).search(LETTERS[phase])
  const progress = (done: number) => ({ done, total: cursor.rows, unit: 'rows' })
  if (ahead < 0) return { cursor: nextPhase(cursor), progress: progress(cursor.done) }
  const chunk = cursor.chunk + ahead
  const text = await run.files.readText(chunkFile(phase, chunk))
  // A chunk may have as many of each kind.
  const firstId = (2 * chunk + (phase === 'entity' ? 0 : 1)) * chunkRows
  const newId = idsOf(run.job, firstId)
  const rows = text.split('\n').map((line) => toImportRow(JSON.parse(line) as Row, newId))
  const { isDryRun } = readImportParams(new URLSearchParams(params.query), params.format)
  const { value, bookmark } = await importRows(contextOf(run, `${phase} ${chunk}`), {
    rows,
    isDryRun,
  })
  const refused = value.errors.map(refusedRow)
  const parts = await writeRefused(run.files, `refused-${phase}-${chunk}`, refused)
  const done = cursor.done + rows.length
  return {
    cursor: {
      ...cursor,
      ...withRefused(cursor, refused, parts),
      created: cursor.created + value.created,
      updated: cursor.updated + value.updated,
      unchanged: cursor.unchanged + value.unchanged,
      bookmark: isDryRun ? null : encodeBookmark(bookmark),
      chunk: chunk + 1,
      done,
    },
    progress: progress(done),
  }
}

function nextPhase({ phase, chunk: _, done, ...common }: Writing): ImportCursor {
  return phase === 'entity'
    ? { ...common, phase: 'relationship', chunk: 0, done }
    : { ...common, phase: 'clean' }
}

/** The log answers a chunk that is written again as it did the first time (C3). */
function contextOf({ job, context }: JobRun, chunk: string): JobRun['context'] {
  return {
    ...context,
    idempotency: { route: `job ${job.id}`, key: `${job.id} ${chunk}`, fingerprint: '' },
  }
}

/**
 * Ids for rows without one: the same for the same row, however often it is written. Time-ordered (RFC
 * 9562, version 7) by when the job was made and the row's place in it.
 */
function idsOf({ id, createdAt }: Job, first: number): () => string {
  const random = Uint8Array.from(id.replaceAll('-', '').match(/../g) ?? [], (hex) =>
    Number.parseInt(hex, 16),
  )
  let seq = first
  return () => {
    seq += 1
    return v7({ msecs: Date.parse(createdAt), seq, random })
  }
}
