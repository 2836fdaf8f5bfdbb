import { z } from 'zod'
import type { FilePart, JobResult } from '../../../core/jobs/job.ts'
import type { JobFiles } from '../../files/job-files.ts'
import type { JobRun, JobStep } from '../kind.ts'
import { WORK_FILES } from './work-files.ts'

/** Rows of one part of a file: some megabytes of text. */
export const PART_ROWS = 60_000

/** How much of a file of rows is written. */
export const rowsWritten = z.object({
  rows: z.int(),
  parts: z.array(z.object({ name: z.string(), bytes: z.int() })),
})
export type RowsWritten = z.infer<typeof rowsWritten>

export const NOTHING_WRITTEN: RowsWritten = { rows: 0, parts: [] }

export type RowFile = {
  readonly count: number
  readonly partRows: number
  /** One row, as JSON. */
  readonly row: (index: number) => unknown
}

/** Writes the next rows of an NDJSON file. */
export async function writeRows(
  files: JobFiles,
  { count, partRows, row }: RowFile,
  { rows, parts }: RowsWritten,
): Promise<RowsWritten> {
  const end = Math.min(count, rows + partRows)
  if (end === rows) return { rows, parts }
  const lines: string[] = []
  for (let index = rows; index < end; index += 1) lines.push(`${JSON.stringify(row(index))}\n`)
  const part: FilePart = await files.write(`part-${parts.length}`, lines.join(''))
  return { rows: end, parts: [...parts, part] }
}

export const resultValue = z.custom<JobResult['value']>(
  (value) => typeof value === 'object' && value !== null,
)

/** Ends a job whose file is written, and removes those that it needed until here. */
export async function finished(
  { files }: JobRun,
  { fileName }: { readonly fileName: string },
  { rows, parts }: RowsWritten,
  value: JobResult['value'],
): Promise<Extract<JobStep<never>, { readonly result: JobResult }>> {
  await files.deleteAll(WORK_FILES)
  return {
    result: { value, files: [{ name: fileName, contentType: 'application/x-ndjson', parts }] },
    progress: { done: rows, total: rows, unit: 'entities' },
  }
}
