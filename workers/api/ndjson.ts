import { AppError, invalid } from '../../core/errors.ts'
import { parseJsonExactly } from '../../core/json-problems.ts'
import type { ImportRow } from '../operations/import.ts'
import { importRow, rowToCommand } from './commands.ts'
import { invalidFields } from './endpoint.ts'

/** Most rows of one import request. */
export const MAX_IMPORT_ROWS = 10_000

/** Reads the lines of an import; empty lines do not count. A line that is bad keeps its reason. */
export function parseImport(text: string, newId: () => string): ImportRow[] {
  const rows: ImportRow[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    if (rows.length === MAX_IMPORT_ROWS) {
      throw new AppError('payload_too_large', `an import may have at most ${MAX_IMPORT_ROWS} rows`)
    }
    rows.push(parseRow(index + 1, line, newId))
  }
  if (rows.length === 0) throw invalid([{ pointer: '', message: 'the import has no rows' }])
  return rows
}

function parseRow(line: number, text: string, newId: () => string): ImportRow {
  try {
    const { value, problems } = parseJsonExactly(text)
    if (problems.length > 0) return { line, error: invalid(problems) }
    const parsed = importRow.safeParse(value)
    return parsed.success
      ? { line, command: rowToCommand(parsed.data, newId) }
      : { line, error: invalid(invalidFields(parsed.error, 'json')) }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return { line, error: new AppError('malformed_request', `not JSON: ${error.message}`) }
  }
}

/** Records as lines, made only as fast as they are read. */
export function ndjsonStream(records: AsyncIterable<unknown>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const iterator = records[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      let lines = ''
      while (lines.length < CHUNK_CHARACTERS) {
        const { done, value } = await iterator.next()
        if (done) {
          if (lines) controller.enqueue(encoder.encode(lines))
          controller.close()
          return
        }
        lines += `${JSON.stringify(value)}\n`
      }
      controller.enqueue(encoder.encode(lines))
    },
    async cancel() {
      await iterator.return?.()
    },
  })
}

const CHUNK_CHARACTERS = 64 * 1024
