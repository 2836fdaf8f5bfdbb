import { invalid } from '../../../core/errors.ts'
import type { CsvPlan } from '../../../core/formats/csv/plan.ts'
import { readNdjsonFrom } from '../../../core/formats/ndjson-lines.ts'
import type { ReadRow } from '../../../core/formats/rows.ts'
import { type ImportParams, readImportParams } from '../../api/import-params.ts'
import { planOf, readRows } from '../../api/import-rows.ts'
import type { JobRun, JobStep } from '../kind.ts'
import {
  chunkFile,
  type ImportCursor,
  type ImportJobParams,
  type ImportLimits,
  PLAN,
  type Reading,
  withRefused,
} from './cursor.ts'
import { refusedRow, writeRefused } from './refused.ts'
import { uploadBytes } from './upload-bytes.ts'

type Step = JobStep<ImportCursor>

/** Rows of the upload from where the cursor is, as a run reads on in it. */
type OpenReader = {
  readonly rows: AsyncGenerator<{ readonly row: ReadRow; readonly next: Place }>
  /** Rows that it has given so far, in this run and before. */
  count: number
  bytesRead: number
  readonly warnings: Set<string>
}
type Place = { readonly offset: number; readonly line: number }

/**
 * Reads the next chunk of the upload. NDJSON is read on from a line; any other format from the beginning
 * in each run, passing over the rows that were read before, since only so its parser is where it was.
 */
export async function readChunk(
  run: JobRun,
  params: ImportJobParams,
  cursor: Reading,
  limits: ImportLimits,
): Promise<Step> {
  const imported = readImportParams(new URLSearchParams(params.query), params.format)
  if (imported.format === 'csv' && !cursor.isPlanned) {
    const plan = await planOf(() => uploadBytes(run.files, params, 0), imported.options)
    await run.files.writeSame(PLAN, JSON.stringify(plan))
    return { cursor: { ...cursor, isPlanned: true }, progress: progress(0, params) }
  }
  const reader = await readerAt(run, params, imported, cursor)
  const { rows, next, isLast } = await take(reader, limits)
  const chunk = cursor.chunks.length
  const read: Reading = {
    ...cursor,
    ...(next ?? {}),
    rows: reader.count,
    warnings: [...new Set([...cursor.warnings, ...reader.warnings])].slice(0, MAX_WARNINGS),
    ...(await sortRows(run, cursor, rows, chunk)),
  }
  if (!isLast) return { cursor: read, progress: progress(reader.bytesRead, params) }
  if (read.rows === 0) throw invalid([{ pointer: '', message: 'the import has no rows' }])
  const { phase: _, offset: _o, line: _l, isPlanned: _p, ...common } = read
  return {
    cursor: { ...common, phase: 'entity', chunk: 0, done: common.refused },
    progress: { done: common.refused, total: common.rows, unit: 'rows' },
  }
}

const MAX_WARNINGS = 100

function progress(done: number, { bytes }: ImportJobParams) {
  return { done, total: bytes, unit: 'bytes' }
}

async function take(reader: OpenReader, { chunkRows, chunkCharacters }: ImportLimits) {
  const rows: ReadRow[] = []
  let characters = 0
  let next: Place | null = null
  while (rows.length < chunkRows && characters < chunkCharacters) {
    const { done, value } = await reader.rows.next()
    if (done) return { rows, next, isLast: true }
    rows.push(value.row)
    reader.count += 1
    next = value.next
    characters += 'value' in value.row ? JSON.stringify(value.row.value).length : 0
  }
  return { rows, next, isLast: false }
}

/** Files for the rows of a chunk, by kind: relationships are written after all entities. */
async function sortRows(
  { files }: JobRun,
  cursor: Reading,
  rows: readonly ReadRow[],
  chunk: number,
): Promise<Pick<Reading, 'chunks' | 'errors' | 'refused' | 'refusedParts'>> {
  const bad = rows.filter((row) => 'error' in row)
  const good = rows.filter((row) => 'value' in row)
  const relationships = good.filter(isRelationship)
  const entities = good.filter((row) => !isRelationship(row))
  const sorted = [
    ['entity', entities],
    ['relationship', relationships],
  ] as const
  for (const [kind, of] of sorted) {
    const text = of.map((row) => JSON.stringify(row)).join('\n')
    if (of.length > 0) await files.writeSame(chunkFile(kind, chunk), text)
  }
  const letter = flag(entities.length > 0, relationships.length > 0)
  const refused = bad.map(refusedRow)
  const parts = await writeRefused(files, `refused-read-${chunk}`, refused)
  return { chunks: cursor.chunks + letter, ...withRefused(cursor, refused, parts) }
}

/** What is neither goes with the entities, and is refused with them. */
function isRelationship({ value }: Extract<ReadRow, { value: unknown }>): boolean {
  return (
    typeof value === 'object' && value !== null && Reflect.get(value, 'kind') === 'relationship'
  )
}

function flag(hasEntities: boolean, hasRelationships: boolean): string {
  if (hasEntities) return hasRelationships ? 'b' : 'e'
  return hasRelationships ? 'r' : '-'
}

/** The reader of this run, if it is where the cursor is; otherwise a new one. */
async function readerAt(
  run: JobRun,
  params: ImportJobParams,
  imported: ImportParams,
  cursor: Reading,
): Promise<OpenReader> {
  const open = run.memory.get('reader') as OpenReader | undefined
  if (open && open.count === cursor.rows) return open
  const reader = await openReader(run, params, imported, cursor)
  run.memory.set('reader', reader)
  return reader
}

async function openReader(
  { files }: JobRun,
  params: ImportJobParams,
  imported: ImportParams,
  { rows: count, offset, line, isPlanned }: Reading,
): Promise<OpenReader> {
  const warnings = new Set<string>()
  const state = { count, bytesRead: offset, warnings }
  const onRead = (bytes: number) => {
    reader.bytesRead = bytes
  }
  const plan = isPlanned ? { plan: JSON.parse(await files.readText(PLAN)) as CsvPlan } : {}
  const source = {
    chunks: () => uploadBytes(files, params, 0, onRead),
    onWarning: (warning: string) => warnings.add(warning),
    ...plan,
  }
  const rows =
    imported.format === 'ndjson'
      ? readNdjsonFrom(uploadBytes(files, params, offset, onRead), { offset, line })
      : skipping(readRows(source, imported), count)
  const reader: OpenReader = { ...state, rows }
  return reader
}

async function* skipping(rows: AsyncGenerator<ReadRow>, count: number) {
  let left = count
  for await (const row of rows) {
    if (left > 0) left -= 1
    else yield { row, next: { offset: 0, line: 1 } }
  }
}
