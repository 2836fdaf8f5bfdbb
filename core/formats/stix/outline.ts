import TokenType from '@streamparser/json/utils/types/tokenType.js'

/** The first or last byte of an object. */
export type Edge = { readonly at: number; readonly isStart: boolean }
type Expected = 'start' | 'key' | 'colon' | 'value' | 'next' | 'end'

const OPENING = [TokenType.LEFT_BRACE, TokenType.LEFT_BRACKET]
const CLOSING = [TokenType.RIGHT_BRACE, TokenType.RIGHT_BRACKET]

/** Follows the tokens of the outer object and of `objects`; what is deeper is parsed on its own. */
export class Outline {
  #depth = 0
  #key = ''
  #isObjects = false
  #expected: Expected = 'start'
  #edges: Edge[] = []
  #hasObjects = false
  #isEmpty = true

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
