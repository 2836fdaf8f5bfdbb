import { type CsvError, parse } from 'csv-parse/stream'
import { brokenAt, type Chunks, MAX_RECORD_CHARACTERS } from '../rows.ts'
import { decoded, encoded } from '../text.ts'

/** One record of a CSV file as it stands there. */
export type CsvRecord = {
  /** Where it begins in the file, from 1. */
  readonly line: number
  readonly cells: readonly string[]
}

const DELIMITERS = [',', ';', '\t', '|'] as const
export type Delimiter = (typeof DELIMITERS)[number]

/**
 * Records of a CSV file (RFC 4180; lines may end by LF, CRLF or CR), the header among them, without
 * empty lines. Throws, naming the line, where quotes do not fit together.
 */
export async function* readRecords(
  chunks: Chunks,
  delimiter: Delimiter,
): AsyncGenerator<CsvRecord> {
  let records: CsvRecord[] = []
  let line = 1
  let emptyLines = 0
  const parser = parse({
    delimiter,
    relax_column_count: true,
    skip_empty_lines: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    max_record_size: MAX_RECORD_CHARACTERS,
    // The parser's own count takes a CRLF inside of a cell for two lines.
    on_record(cells: string[], { empty_lines }: { readonly empty_lines: number }) {
      line += empty_lines - emptyLines
      emptyLines = empty_lines
      records.push({ line, cells })
      line += 1 + cells.reduce((sum, cell) => sum + breaksIn(cell), 0)
      return null
    },
  })
  const writer = parser.writable.getWriter()
  let fault: unknown
  writer.closed.catch((error: unknown) => {
    fault = error
  })
  const reader = parser.readable.getReader()
  reader.closed.catch(() => {
    // The same fault again, of the side that gives nothing: on_record takes every record.
  })
  const step = async (action: Promise<void>) => {
    await action.catch(() => {
      // `closed` has the fault.
    })
    if (writer.desiredSize === null) await Promise.resolve()
    if (fault) throw csvFault(fault as CsvError, line)
  }
  for await (const bytes of encoded(decoded(chunks))) {
    await step(writer.write(bytes))
    yield* records
    records = []
  }
  await step(writer.close())
  yield* records
}

function breaksIn(cell: string): number {
  return cell.match(/\r\n|\n|\r/g)?.length ?? 0
}

function csvFault(error: CsvError, line: number): unknown {
  switch (error.code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return brokenAt(line, 'a quote is opened and never closed in the record that begins here')
    case 'CSV_INVALID_CLOSING_QUOTE':
      return brokenAt(line, 'after a closing quote there is something other than a delimiter')
    case 'INVALID_OPENING_QUOTE':
      return brokenAt(line, 'a quote in the midst of a cell that is not quoted')
    case 'CSV_MAX_RECORD_SIZE':
      return brokenAt(line, `has more than ${MAX_RECORD_CHARACTERS} characters`)
    default:
      return error
  }
}

/** The delimiter that the header has most of; a comma where it has none. */
export async function findDelimiter(chunks: Chunks): Promise<Delimiter> {
  let header = ''
  for await (const text of decoded(chunks)) {
    header += text
    if (/[\r\n]/.test(header) || header.length > MAX_RECORD_CHARACTERS) break
  }
  const [line = ''] = header.replace(/"[^"]*"/g, '').split(/[\r\n]/, 1)
  const count = (delimiter: Delimiter) => line.split(delimiter).length
  return DELIMITERS.reduce((best, each) => (count(each) > count(best) ? each : best))
}
