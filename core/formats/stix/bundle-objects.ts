import { Tokenizer } from '@streamparser/json'
import TokenType from '@streamparser/json/utils/types/tokenType.js'
import { brokenAt, type Chunks, MAX_RECORD_CHARACTERS } from '../rows.ts'
import { decoded, encoded } from '../text.ts'

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

type Edge = { readonly at: number; readonly isStart: boolean }
type Expected = 'start' | 'key' | 'colon' | 'value' | 'next' | 'end'

const OPENING = [TokenType.LEFT_BRACE, TokenType.LEFT_BRACKET]
const CLOSING = [TokenType.RIGHT_BRACE, TokenType.RIGHT_BRACKET]

/** Follows the tokens of the outer object and of `objects`; what is deeper is parsed on its own. */
class Outline {
  #depth = 0
  #key = ''
  #isObjects = false
  #expected: Expected = 'start'
  #edges: Edge[] = []
  #hasObjects = false

  get isInObject(): boolean {
    return this.#isObjects && this.#depth > 2
  }

  get isComplete(): boolean {
    return this.#expected === 'end'
  }

  /** Where objects begin and end, since the last call. */
  take(): readonly Edge[] {
    const edges = this.#edges
    this.#edges = []
    return edges
  }

  add(token: TokenType, value: unknown, at: number): void {
    const isClosing = CLOSING.includes(token)
    const isInside = this.#depth > (this.#isObjects ? 2 : 1)
    if (isInside) {
      if (OPENING.includes(token)) this.#depth += 1
      else if (isClosing) this.#depth -= 1
      const limit = this.#isObjects ? 2 : 1
      if (isClosing && this.#depth === limit) {
        if (this.#isObjects) this.#edges.push({ at, isStart: false })
        this.#expected = 'next'
      }
      return
    }
    if (this.#isObjects) this.#addInObjects(token, value, at)
    else this.#addOutside(token, value)
  }

  #addInObjects(token: TokenType, value: unknown, at: number): void {
    if (token === TokenType.LEFT_BRACE && this.#expected === 'value') {
      this.#edges.push({ at, isStart: true })
      this.#depth += 1
    } else if (token === TokenType.COMMA && this.#expected === 'next') this.#expected = 'value'
    else if (token === TokenType.RIGHT_BRACKET && this.#mayEndObjects()) {
      this.#isObjects = false
      this.#depth = 1
      this.#expected = 'next'
    } else throw new SyntaxError(`${JSON.stringify(value)} is not expected in objects`)
    this.#isEmpty = false
  }

  #isEmpty = true

  #mayEndObjects(): boolean {
    return this.#expected === 'next' || this.#isEmpty
  }

  #addOutside(token: TokenType, value: unknown): void {
    switch (this.#expected) {
      case 'start':
        if (token !== TokenType.LEFT_BRACE) break
        this.#depth = 1
        this.#expected = 'key'
        return
      case 'key':
        if (token !== TokenType.STRING) break
        this.#key = String(value)
        this.#expected = 'colon'
        return
      case 'colon':
        if (token !== TokenType.COLON) break
        this.#expected = 'value'
        return
      case 'value':
        if (this.#startValue(token)) return
        break
      case 'next':
        if (token === TokenType.COMMA) this.#expected = 'key'
        else if (token === TokenType.RIGHT_BRACE) this.#end()
        else break
        return
      case 'end':
    }
    throw new SyntaxError(`${JSON.stringify(value)} is not expected here`)
  }

  #startValue(token: TokenType): boolean {
    if (this.#key === 'objects') {
      if (token !== TokenType.LEFT_BRACKET) throw new SyntaxError('objects is not an array')
      if (this.#hasObjects) throw new SyntaxError('it has objects twice')
      this.#hasObjects = true
      this.#isObjects = true
      this.#depth = 2
      return true
    }
    if (OPENING.includes(token)) this.#depth += 1
    else if (CLOSING.includes(token) || token === TokenType.COLON || token === TokenType.COMMA) {
      return false
    } else this.#expected = 'next'
    return true
  }

  #end(): void {
    if (!this.#hasObjects) throw new SyntaxError('it has no objects')
    this.#depth = 0
    this.#expected = 'end'
  }
}
