import type { AppError } from '../../../core/errors.ts'
import type { FilePart } from '../../../core/jobs/job.ts'
import type { JobFiles } from '../../files/job-files.ts'
import type { RefusedRow } from './cursor.ts'

/** Why a row is refused, as reports show it. */
export function refusedRow({
  line,
  label,
  error,
}: {
  readonly line: number
  readonly label?: string
  readonly error: AppError
}): RefusedRow {
  return {
    line,
    code: error.code,
    message: label === undefined ? error.message : `${label}: ${error.message}`,
    ...(error.detail.errors ? { errors: error.detail.errors.map((each) => ({ ...each })) } : {}),
  }
}

/** A part of the file of refused rows, if there are any. */
export async function writeRefused(
  files: JobFiles,
  name: string,
  rows: readonly RefusedRow[],
): Promise<FilePart[]> {
  if (rows.length === 0) return []
  return [await files.write(name, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))]
}
