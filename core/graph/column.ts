type Numbers = Uint16Array | Uint32Array | Float64Array

/** Numbers of unknown count in pieces of one size: growing copies nothing and wastes one piece at most. */
const PIECE_BITS = 16
const PIECE = 2 ** PIECE_BITS

export class Column<T extends Numbers> {
  readonly #newPiece: (length: number) => T
  readonly #pieces: T[] = []
  length = 0

  constructor(newPiece: (length: number) => T) {
    this.#newPiece = newPiece
  }

  push(value: number): void {
    const at = this.length & (PIECE - 1)
    if (at === 0) this.#pieces.push(this.#newPiece(PIECE))
    const piece = this.#pieces[this.length >>> PIECE_BITS]
    if (piece) piece[at] = value
    this.length += 1
  }

  /** Lets go of everything. */
  clear(): void {
    this.#pieces.length = 0
    this.length = 0
  }

  at(index: number): number {
    return this.#pieces[index >>> PIECE_BITS]?.[index & (PIECE - 1)] ?? 0
  }
}
