/** Most types of entities, and of relationships, of one topology: a code has 16 bits. */
export const MAX_CODES = 65_535

/** Names and their codes, in the order in which they were first seen. */
export class Codes {
  readonly names: string[]
  readonly #codes: Map<string, number>

  constructor(names: readonly string[] = []) {
    this.names = [...names]
    this.#codes = new Map(names.map((name, code) => [name, code]))
  }

  get(name: string): number | undefined {
    return this.#codes.get(name)
  }

  nameOf(code: number): string {
    return this.names[code] ?? ''
  }

  /** The code of the name, a new one if it has none. Throws `RangeError` past `MAX_CODES`. */
  intern(name: string): number {
    const known = this.#codes.get(name)
    if (known !== undefined) return known
    const code = this.names.length
    if (code === MAX_CODES) throw new RangeError(`a topology has at most ${MAX_CODES} types`)
    this.names.push(name)
    this.#codes.set(name, code)
    return code
  }
}
