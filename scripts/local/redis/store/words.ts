import type { Bytes } from '../reply.ts'
import { syntaxError } from './command.ts'
import { parseAtLeast, parseFloat64, parseInteger } from './numbers.ts'

/** Reads a command's words from left to right; one that is missing is a syntax error. */
export class Words {
  readonly #words: readonly Bytes[]
  #next = 0

  constructor(words: readonly Bytes[]) {
    this.#words = words
  }

  get left(): number {
    return this.#words.length - this.#next
  }

  take(): Bytes {
    const word = this.#words[this.#next]
    if (word === undefined) throw syntaxError()
    this.#next++
    return word
  }

  integer(): number {
    return parseInteger(this.take())
  }

  /** An integer of at least `least`; the same message whatever else it is. */
  atLeast(least: number, message: string): number {
    return parseAtLeast(this.take(), least, message)
  }

  float(message?: string): number {
    return parseFloat64(this.take(), message)
  }

  /** So many words. */
  takeMany(count: number): Bytes[] {
    return Array.from({ length: count }, () => this.take())
  }

  rest(): readonly Bytes[] {
    return this.takeMany(this.left)
  }

  /** Whether the next word is this option; if so, it is read. */
  takeOption(name: string): boolean {
    if (this.#words[this.#next]?.toUpperCase() !== name) return false
    this.#next++
    return true
  }

  /** Reads options in any order until the words end; `read` says whether it knew the next one. */
  options(read: (words: this) => boolean): void {
    while (this.left > 0) if (!read(this)) throw syntaxError()
  }
}
