import { invalid } from '../errors.ts'
import { parseJsonExactly } from '../json-problems.ts'
import type { Pieces } from './pieces.ts'
import { badRow, type Chunks, MAX_RECORD_CHARACTERS, type ReadRow } from './rows.ts'
import { decoded } from './text.ts'

/** One JSON object a line; empty lines do not count. */
export async function* readNdjson(chunks: Chunks): AsyncGenerator<ReadRow> {
  let line = 1
  let parts: string[] = []
  let characters = 0
  const add = (part: string) => {
    characters += part.length
    // What is too long is counted on, not kept.
    if (characters > MAX_RECORD_CHARACTERS) parts = []
    else parts.push(part)
  }
  const take = (): ReadRow | null => {
    const row = readLine(line, characters > MAX_RECORD_CHARACTERS ? null : parts.join(''))
    parts = []
    characters = 0
    line += 1
    return row
  }
  for await (const text of decoded(chunks)) {
    const [first = '', ...others] = text.split('\n')
    add(first)
    for (const other of others) {
      const row = take()
      if (row) yield row
      add(other)
    }
  }
  const row = take()
  if (row) yield row
}

/** What one line says; `null`: nothing, it is empty. `text` null: it is too long to be read. */
export function readLine(line: number, text: string | null): ReadRow | null {
  if (text === null) return badRow(line, `has more than ${MAX_RECORD_CHARACTERS} characters`)
  if (text.trim() === '') return null
  try {
    const { value, problems } = parseJsonExactly(text)
    return problems.length > 0 ? { line, error: invalid(problems) } : { line, value }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return badRow(line, `not JSON: ${error.message}`)
  }
}

/** A line for each record. */
export async function* writeNdjson(records: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const record of records) yield line(record)
}

export const ndjsonPieces: Pieces = {
  unseen: null,
  look: (known) => known,
  open: () => '',
  write: (_, records) => records.map(line).join(''),
  close: '',
}

function line(record: unknown): string {
  return `${JSON.stringify(record)}\n`
}
