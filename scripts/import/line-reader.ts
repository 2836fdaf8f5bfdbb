import { createReadStream } from 'node:fs'

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
    lines.push(line.toString('utf8'))
    bytes += line.length
    endByte += line.length + withNewline
    return lines.length >= MAX_ROWS || bytes >= MAX_BYTES ? flush() : null
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
  if (rest.length > 0) take(rest, 0)
  if (lines.length > 0) yield flush()
}
