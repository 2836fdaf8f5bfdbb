import { createReadStream } from 'node:fs'
import { UserError } from '../local/user-error.ts'

/** Lines of one request and where in the file they end. */
export type Chunk = {
  readonly lines: readonly string[]
  /** Number in the file, from 1, of the first of them. */
  readonly firstLine: number
  /** Byte after the last of them: where a resumed import goes on. */
  readonly endByte: number
}

/** Bounds of one request: half of what the server takes. */
const MAX_ROWS = 5_000
const MAX_BYTES = 5 * 1024 * 1024
const NEWLINE = 0x0a

/** Reads a file from a byte on, as chunks that one request can carry, a chunk in memory at a time. */
export async function* readChunks(
  path: string,
  from: { readonly byte: number; readonly line: number },
): AsyncIterable<Chunk> {
  let rest = Buffer.alloc(0)
  let lines: string[] = []
  let bytes = 0
  let endByte = from.byte
  let firstLine = from.line
  const take = (line: Buffer, withNewline: number): Chunk | null => {
    // A line that does not fit any more begins the next chunk.
    const full = lines.length === MAX_ROWS || (lines.length > 0 && bytes + line.length > MAX_BYTES)
    const chunk = full ? flush() : null
    lines.push(decode(line, firstLine + lines.length))
    bytes += line.length
    endByte += line.length + withNewline
    return chunk
  }
  const flush = (): Chunk => {
    const chunk = { lines, firstLine, endByte }
    firstLine += lines.length
    lines = []
    bytes = 0
    return chunk
  }
  for await (const part of createReadStream(path, { start: from.byte })) {
    rest = Buffer.concat([rest, part])
    let start = 0
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE, start)) {
      const chunk = take(rest.subarray(start, end), 1)
      start = end + 1
      if (chunk) yield chunk
    }
    rest = rest.subarray(start)
  }
  const chunk = rest.length > 0 ? take(rest, 0) : null
  if (chunk) yield chunk
  if (lines.length > 0) yield flush()
}

function decode(line: Buffer, number: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(line)
  } catch {
    // Only for bytes that are not UTF-8: sending replacements would store another text.
    throw new UserError(`line ${number} is not UTF-8`)
  }
}
