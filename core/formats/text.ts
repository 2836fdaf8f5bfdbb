import { brokenAt, type Chunks } from './rows.ts'

/** Longest piece that is handed on: what is made of a piece is in memory at once. */
const MAX_PIECE_CHARACTERS = 64 * 1024
const BOM = '\ufeff'

/** The text of a file in pieces, without a BOM. Throws, naming the line, where it is not UTF-8. */
export async function* decoded(chunks: Chunks): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let line = 1
  let isStart = true
  for await (const chunk of chunks) {
    const whole = typeof chunk === 'string' ? chunk : decode(decoder, chunk, line)
    if (whole === '') continue
    const text = isStart && whole.startsWith(BOM) ? whole.slice(1) : whole
    isStart = false
    yield* pieces(text)
    line += lineBreaks(text)
  }
  decode(decoder, new Uint8Array(), line, false)
}

/** The same as bytes, for a parser that takes those. */
export async function* encoded(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  let half = ''
  for await (const text of texts) {
    // Half of a surrogate pair, encoded alone, would be lost.
    const all = half + text
    half = /[\ud800-\udbff]$/.test(all) ? all.slice(-1) : ''
    yield encoder.encode(half === '' ? all : all.slice(0, -1))
  }
  if (half !== '') yield encoder.encode(half)
}

function* pieces(text: string): Generator<string> {
  for (let start = 0; start < text.length; start += MAX_PIECE_CHARACTERS) {
    yield text.slice(start, start + MAX_PIECE_CHARACTERS)
  }
}

function decode(
  decoder: TextDecoder,
  bytes: Uint8Array<ArrayBufferLike>,
  line: number,
  stream = true,
): string {
  try {
    return decoder.decode(bytes as Uint8Array<ArrayBuffer>, { stream })
  } catch {
    // Only for bytes that are not UTF-8: replacements would be stored as another text.
    throw brokenAt(line + linesBeforeFault(bytes), 'is not UTF-8')
  }
}

function linesBeforeFault(bytes: Uint8Array<ArrayBufferLike>): number {
  // The rest of a character that began in the piece before is no fault.
  let start = 0
  while (start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1
  const lossy = new TextDecoder().decode(bytes.subarray(start) as Uint8Array<ArrayBuffer>)
  const fault = lossy.indexOf('\ufffd')
  return fault < 0 ? 0 : lineBreaks(lossy.slice(0, fault))
}

export function lineBreaks(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1
  return count
}
