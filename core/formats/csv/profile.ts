import { invalid } from '../../errors.ts'
import { isUuid } from '../../ids.ts'
import { brokenAt, type Chunks } from '../rows.ts'
import { CellTypeGuess } from './cell-types.ts'
import { type Delimiter, findDelimiter, readRecords } from './cells.ts'

/** Most columns of a CSV file. */
export const MAX_COLUMNS = 2_000

export type ColumnProfile = {
  readonly header: string
  readonly guess: CellTypeGuess
  /** The first cell that is not empty. */
  example: string | null
  emptyCells: number
  /** Whether every cell that is not empty is a UUID. */
  onlyUuids: boolean
}

/** What a CSV file is made of. */
export type CsvProfile = {
  readonly delimiter: Delimiter
  /** Without the header. */
  readonly rows: number
  readonly columns: readonly ColumnProfile[]
}

/** Looks at every cell of a file, so that a column's type is known before its first row is read. */
export async function profileCsv(chunks: () => Chunks): Promise<CsvProfile> {
  const delimiter = await findDelimiter(chunks())
  let columns: readonly ColumnProfile[] | null = null
  let rows = 0
  for await (const { line, cells } of readRecords(chunks(), delimiter)) {
    if (columns === null) columns = headerOf(line, cells)
    else if (cells.length === columns.length) {
      rows += 1
      columns.forEach((column, i) => {
        addCell(column, cells[i] ?? '')
      })
    }
  }
  if (columns === null) throw invalid([{ pointer: '', message: 'the file has no header' }])
  return { delimiter, rows, columns }
}

function headerOf(line: number, headers: readonly string[]): ColumnProfile[] {
  if (headers.length > MAX_COLUMNS) {
    throw brokenAt(line, `the header has more than ${MAX_COLUMNS} columns`)
  }
  const twice = headers.find((header, i) => headers.indexOf(header) !== i)
  if (twice !== undefined) {
    throw brokenAt(line, `the header names the column ${JSON.stringify(twice)} twice`)
  }
  return headers.map((header) => ({
    header,
    guess: new CellTypeGuess(),
    example: null,
    emptyCells: 0,
    onlyUuids: true,
  }))
}

function addCell(column: ColumnProfile, cell: string): void {
  if (cell === '') {
    column.emptyCells += 1
    return
  }
  column.example ??= cell.slice(0, 100)
  column.guess.add(cell)
  if (column.onlyUuids) column.onlyUuids = isUuid(cell)
}
