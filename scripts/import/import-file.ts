import type { Kind } from '../../core/log/commands.ts'
import { type Batch, batchesOf, type Refused } from './batches.ts'
import { sendInOrder } from './in-flight.ts'
import type { ImportOptions } from './options.ts'
import { postRows, type RowsReport } from './post-rows.ts'
import {
  type Counts,
  forgetProgress,
  loadProgress,
  newProgress,
  type Progress,
  progressPath,
  saveProgress,
} from './progress-file.ts'
import type { RowSource } from './read-file.ts'
import { openRefusedRows, type RefusedRows } from './refused-rows.ts'
import type { Source } from './source.ts'

/** Requests on their way at once. More gain nothing: a graph's writes are made one after the other. */
const MAX_IN_FLIGHT = 3

type Run = {
  readonly options: ImportOptions
  readonly source: Source
  readonly path: string
  readonly refusedRows: RefusedRows
  readonly onProgress: (share: number, counts: Counts) => void
}

/** Sends the rows of a file, from where an interrupted import of it stopped. Returns all its counts. */
export async function importFile(
  options: ImportOptions,
  source: Source,
  { kinds, rows }: RowSource,
  onProgress: Run['onProgress'],
): Promise<Counts> {
  const path = progressPath(options)
  if (options.restart) await forgetProgress(path)
  const resumed = options.isDryRun ? null : await loadProgress(path, source)
  if (resumed) console.log(`going on after row ${resumed.counts.rows.toLocaleString('en')}`)
  let progress = resumed ?? newProgress(source)
  const refusedRows = await openRefusedRows(options.errorsFile, progress.errorsBytes)
  const run = { options, source, path, refusedRows, onProgress }
  try {
    // Saved before the first request: a resumed import has to send the same keys.
    if (!resumed && !options.isDryRun) await saveProgress(path, progress)
    for (const [index, pass] of kinds.entries()) {
      if (kinds.indexOf(progress.pass) > index) continue
      if (pass !== progress.pass) progress = { ...progress, pass, rowsDone: 0 }
      const place = { index, passes: kinds.length }
      progress = await sendPass(run, rows(), progress, place)
    }
  } finally {
    await refusedRows.close()
  }
  if (!options.isDryRun) await forgetProgress(path)
  return progress.counts
}

async function sendPass(
  run: Run,
  rows: ReturnType<RowSource['rows']>,
  start: Progress,
  place: { readonly index: number; readonly passes: number },
): Promise<Progress> {
  const { options, source, path, refusedRows } = run
  let progress = start
  const batches = notDone(batchesOf(rows, start.pass), start.rowsDone)
  const send = (batch: Batch, signal: AbortSignal) => sendBatch(options, start, batch, signal)
  for await (const { batch, result } of sendInOrder(batches, MAX_IN_FLIGHT, send)) {
    const refused = [...batch.bad, ...refusedOf(batch, result)].sort((a, b) => a.line - b.line)
    await refusedRows.add(refused)
    progress = {
      ...progress,
      rowsDone: batch.firstRow + batch.rowCount,
      counts: added(progress.counts, batch, result),
      errorsBytes: refusedRows.bytes(),
    }
    if (!options.isDryRun) await saveProgress(path, progress)
    run.onProgress((place.index + source.share()) / place.passes, progress.counts)
  }
  return progress
}

async function* notDone(batches: AsyncIterable<Batch>, rowsDone: number): AsyncGenerator<Batch> {
  for await (const batch of batches) if (batch.firstRow >= rowsDone) yield batch
}

const NO_ROWS: RowsReport = {
  rows: 0,
  created: 0,
  updated: 0,
  unchanged: 0,
  refused: 0,
  errors: [],
}

async function sendBatch(
  { target, isDryRun }: ImportOptions,
  { runId, pass }: Progress,
  { rows, firstRow }: Batch,
  signal: AbortSignal,
): Promise<RowsReport> {
  if (rows.length === 0) return NO_ROWS
  const idempotencyKey = keyOf(runId, pass, firstRow, rows.length)
  const lines = rows.map(({ json }) => json)
  return postRows(target, lines, { signal, ...(isDryRun ? { isDryRun } : { idempotencyKey }) })
}

function keyOf(runId: string, pass: Kind, firstRow: number, rows: number): string {
  return `import-${runId}-${pass}-${firstRow}-${rows}`
}

function refusedOf({ rows }: Batch, { errors }: RowsReport): Refused[] {
  return errors.map(({ line, code, message }) => {
    const row = rows[line - 1]
    const what = row?.label === undefined ? message : `${row.label}: ${message}`
    return { line: row?.line ?? line, code, message: what }
  })
}

function added(counts: Counts, { bad, rowCount }: Batch, report: RowsReport): Counts {
  return {
    rows: counts.rows + rowCount,
    created: counts.created + report.created,
    updated: counts.updated + report.updated,
    unchanged: counts.unchanged + report.unchanged,
    refused: counts.refused + report.refused + bad.length,
  }
}
