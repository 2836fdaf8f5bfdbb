import { readLine } from './ndjson.ts'
import { brokenAt, MAX_RECORD_CHARACTERS, type ReadRow } from './rows.ts'

/** A place between two lines of a file. */
export type LinePlace = {
  /** Bytes before it. */
  readonly offset: number
  /** Of the line behind it, from 1. */
  readonly line: number
}

export const FIRST_LINE: LinePlace = { offset: 0, line: 1 }

const NEWLINE = 0x0a
const BOM = '\ufeff'

/**
 * The rows of an NDJSON file from any line on, each with the place behind it, from where the next ones can
 * be read. `bytes` begin at `from`. Throws, naming the line, where it is not UTF-8.
 */
export async function* readNdjsonFrom(
  bytes: AsyncIterable<Uint8Array>,
  from: LinePlace,
): AsyncGenerator<{ readonly row: ReadRow; readonly next: LinePlace }> {
  let { offset, line } = from
  let parts: Uint8Array[] = []
  let lineBytes = 0
  const add = (part: Uint8Array) => {
    lineBytes += part.length
    // What is too long is counted on, not kept: a character has at most 4 bytes.
    if (lineBytes > 4 * MAX_RECORD_CHARACTERS) parts = []
    else parts.push(part)
  }
  const take = (breakBytes: number) => {
    const isTooLong = lineBytes > 4 * MAX_RECORD_CHARACTERS
    const text = isTooLong ? null : textOf(parts, line)
    const row = readLine(line, text !== null && text.length > MAX_RECORD_CHARACTERS ? null : text)
    offset += lineBytes + breakBytes
    line += 1
    parts = []
    lineBytes = 0
    return row && { row, next: { offset, line } }
  }
  for await (const chunk of bytes) {
    let start = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, start)) {
      add(chunk.subarray(start, at))
      start = at + 1
      const read = take(1)
      if (read) yield read
    }
    add(chunk.subarray(start))
  }
  const read = take(0)
  if (read) yield read
}

function textOf(parts: readonly Uint8Array[], line: number): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  try {
    const decoded = parts.map((part) =>
      decoder.decode(part as Uint8Array<ArrayBuffer>, { stream: true }),
    )
    const text = decoded.join('') + decoder.decode()
    return line === 1 && text.startsWith(BOM) ? text.slice(1) : text
  } catch {
    // Only for bytes that are not UTF-8: replacements would be stored as another text.
    throw brokenAt(line, 'is not UTF-8')
  }
}
