import { Tokenizer } from '@streamparser/json'
import { brokenAt, type Chunks, MAX_RECORD_CHARACTERS } from '../rows.ts'
import { decoded, encoded } from '../text.ts'
import { Outline } from './outline.ts'

/** The text of one object of a bundle. */
export type BundleObject = {
  readonly line: number
  /** Its place in `objects`, from 0. */
  readonly index: number
  readonly json: string
}

const NEWLINE = 0x0a

/**
 * The members of the array `objects` of a JSON object, one in memory at a time, whatever the length of
 * the file. Throws, naming the line, where it is not JSON or no such object.
 */
export async function* bundleObjects(chunks: Chunks): AsyncGenerator<BundleObject> {
  const outline = new Outline()
  const tokenizer = new Tokenizer({ stringBufferSize: 64 * 1024 })
  let tokenByte = 0
  tokenizer.onToken = ({ token, value, offset }) => {
    tokenByte = offset
    outline.add(token, value, offset)
  }
  tokenizer.onError = (error) => {
    throw error
  }
  let start = 0
  let line = 1
  /** Bytes before this one are counted into `line`. */
  let counted = 0
  let index = 0
  let open: Uint8Array[] = []
  let openBytes = 0
  let openLine = 1
  for await (const bytes of encoded(decoded(chunks))) {
    const countTo = (byte: number) => {
      line += newlines(bytes.subarray(counted - start, Math.max(byte, counted) - start))
      counted = Math.max(byte, counted)
    }
    const keep = (part: Uint8Array) => {
      openBytes += part.length
      if (openBytes > MAX_RECORD_CHARACTERS) {
        throw brokenAt(openLine, `objects/${index}: has more than ${MAX_RECORD_CHARACTERS} bytes`)
      }
      open.push(part)
    }
    try {
      tokenizer.write(bytes)
    } catch (error) {
      countTo(Math.max(tokenByte, start))
      throw brokenAt(line, `not a STIX bundle: ${reasonOf(error)}`)
    }
    let from = start
    for (const { at, isStart } of outline.take()) {
      if (isStart) {
        countTo(at)
        openLine = line
        from = at
      } else {
        keep(bytes.subarray(from - start, at + 1 - start))
        yield { line: openLine, index, json: textOf(open) }
        index += 1
        open = []
        openBytes = 0
        from = at + 1
      }
    }
    const end = start + bytes.length
    if (outline.isInObject) keep(bytes.subarray(from - start))
    countTo(end)
    start = end
  }
  if (!outline.isComplete) throw brokenAt(line, 'not a STIX bundle: it ends before its end')
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.replace(/ at chunk position.*$/, '')
}

function textOf(parts: readonly Uint8Array[]): string {
  const decoder = new TextDecoder()
  return parts.map((part) => decoder.decode(part, { stream: true })).join('') + decoder.decode()
}

function newlines(bytes: Uint8Array): number {
  let count = 0
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) count += 1
  return count
}
