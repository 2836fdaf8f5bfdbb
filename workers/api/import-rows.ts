import { AppError, invalid } from '../../core/errors.ts'
import { planCsv } from '../../core/formats/csv/plan.ts'
import { profileCsv } from '../../core/formats/csv/profile.ts'
import { readCsv } from '../../core/formats/csv/read-csv.ts'
import { readGraphml } from '../../core/formats/graphml/read-graphml.ts'
import { readNdjson } from '../../core/formats/ndjson.ts'
import type { ReadRow } from '../../core/formats/rows.ts'
import { readStix } from '../../core/formats/stix/read-stix.ts'
import type { ImportRow } from '../operations/import.ts'
import { importRow, rowToCommand } from './commands.ts'
import type { ImportParams } from './import-params.ts'
import { invalidFields } from './validate.ts'

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
  for await (const row of readRows(text, params, (warning) => warnings.add(warning))) {
    if (rows.length === MAX_IMPORT_ROWS) {
      throw new AppError('payload_too_large', `an import may have at most ${MAX_IMPORT_ROWS} rows`)
    }
    rows.push(toImportRow(row, newId))
  }
  if (rows.length === 0) throw invalid([{ pointer: '', message: 'the import has no rows' }])
  return { rows, warnings: [...warnings] }
}

async function* readRows(
  text: string,
  params: ImportParams,
  onWarning: (warning: string) => void,
): AsyncGenerator<ReadRow> {
  switch (params.format) {
    case 'ndjson':
      return yield* readNdjson([text])
    case 'csv': {
      const plan = planCsv(await profileCsv(() => [text]), params.options)
      return yield* readCsv([text], plan)
    }
    case 'graphml':
      return yield* readGraphml([text], { ...params.options, onWarning })
    case 'stix':
      return yield* readStix([text])
  }
}

function toImportRow(row: ReadRow, newId: () => string): ImportRow {
  if ('error' in row) return row
  const { line, label } = row
  const parsed = importRow.safeParse(row.value)
  const named = label === undefined ? { line } : { line, label }
  return parsed.success
    ? { ...named, command: rowToCommand(parsed.data, newId) }
    : { ...named, error: invalid(invalidFields(parsed.error, 'json')) }
}
