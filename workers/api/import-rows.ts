import { AppError, invalid } from '../../core/errors.ts'
import { type CsvOptions, type CsvPlan, planCsv } from '../../core/formats/csv/plan.ts'
import { profileCsv } from '../../core/formats/csv/profile.ts'
import { readCsv } from '../../core/formats/csv/read-csv.ts'
import { readGraphml } from '../../core/formats/graphml/read-graphml.ts'
import { readNdjson } from '../../core/formats/ndjson.ts'
import type { Chunks, ReadRow } from '../../core/formats/rows.ts'
import { readStix } from '../../core/formats/stix/read-stix.ts'
import type { ImportRow } from '../operations/import.ts'
import { importRow, rowToCommand } from './commands.ts'
import type { ImportParams } from './import-params.ts'
import { invalidFields } from './validate.ts'

/** What the sender of an import is told that is too large for one answer. */
export const SEND_LATER = 'send it with ?async=true, and a job loads it'

/** Most rows of one import request. */
export const MAX_IMPORT_ROWS = 10_000

export type ParsedImport = {
  readonly rows: readonly ImportRow[]
  /** What was read otherwise than the file means it. */
  readonly warnings: readonly string[]
}

/** Reads the rows of an import. A row that is bad keeps its reason; a file that is, is refused. */
export async function parseImport(
  text: string,
  params: ImportParams,
  newId: () => string,
): Promise<ParsedImport> {
  const rows: ImportRow[] = []
  const warnings = new Set<string>()
  const source = { chunks: () => [text], onWarning: (warning: string) => warnings.add(warning) }
  for await (const row of readRows(source, params)) {
    if (rows.length === MAX_IMPORT_ROWS) {
      const message = `an import may have at most ${MAX_IMPORT_ROWS} rows: ${SEND_LATER}`
      throw new AppError('payload_too_large', message)
    }
    rows.push(toImportRow(row, newId))
  }
  if (rows.length === 0) throw invalid([{ pointer: '', message: 'the import has no rows' }])
  return { rows, warnings: [...warnings] }
}

/** A file to be read, from its beginning each time. */
export type RowSource = {
  readonly chunks: () => Chunks
  /** Told of what is read otherwise than the file means it. */
  readonly onWarning: (warning: string) => void
  /** What the columns of a CSV file are, where that is known already. */
  readonly plan?: CsvPlan
}

/** The rows of a file, in its order; not validated yet. */
export async function* readRows(
  { chunks, onWarning, plan }: RowSource,
  params: ImportParams,
): AsyncGenerator<ReadRow> {
  switch (params.format) {
    case 'ndjson':
      return yield* readNdjson(chunks())
    case 'csv':
      return yield* readCsv(chunks(), plan ?? (await planOf(chunks, params.options)))
    case 'graphml':
      return yield* readGraphml(chunks(), { ...params.options, onWarning })
    case 'stix':
      return yield* readStix(chunks())
  }
}

/** What the columns of a CSV file are: looks at every cell. */
export async function planOf(chunks: () => Chunks, options: CsvOptions): Promise<CsvPlan> {
  return planCsv(await profileCsv(chunks), options)
}

export function toImportRow(row: ReadRow, newId: () => string): ImportRow {
  if ('error' in row) return row
  const { line, label } = row
  const parsed = importRow.safeParse(row.value)
  const named = label === undefined ? { line } : { line, label }
  return parsed.success
    ? { ...named, command: rowToCommand(parsed.data, newId) }
    : { ...named, error: invalid(invalidFields(parsed.error, 'json')) }
}
