import type { Json } from '../json.ts'

/** How all values of one property can be written: plainly, if they are of one type, else as JSON. */
export type ColumnType = 'string' | 'number' | 'boolean' | 'json'

/** Told from values as they pass by. */
export class ColumnTypes {
  readonly #types = new Map<string, ColumnType>()
  readonly #maxColumns: number
  readonly #isPlain: (text: string) => boolean

  /** `isPlain`: whether a text can stand as it is; one that cannot makes its column JSON. */
  constructor(maxColumns: number, isPlain: (text: string) => boolean) {
    this.#maxColumns = maxColumns
    this.#isPlain = isPlain
  }

  /** Goes on from what `sorted` gave. */
  restore(types: readonly (readonly [key: string, type: ColumnType])[]): this {
    for (const [key, type] of types) this.#types.set(key, type)
    return this
  }

  /** Columns beyond the most that are kept are not noted: their values belong to the rest. */
  add(key: string, value: Json): void {
    const before = this.#types.get(key)
    if (before === 'json') return
    const type = this.#typeOf(value)
    if (before === undefined) {
      if (this.#types.size < this.#maxColumns) this.#types.set(key, type)
    } else if (before !== type) this.#types.set(key, 'json')
  }

  get isFull(): boolean {
    return this.#types.size >= this.#maxColumns
  }

  has(key: string): boolean {
    return this.#types.has(key)
  }

  /** By key, in its order; the same for the same records, in whatever order they came. */
  sorted(): [key: string, type: ColumnType][] {
    return [...this.#types].sort(([a], [b]) => (a < b ? -1 : 1))
  }

  #typeOf(value: Json): ColumnType {
    if (typeof value === 'string') return this.#isPlain(value) ? 'string' : 'json'
    return typeof value === 'number' || typeof value === 'boolean'
      ? (typeof value as 'number' | 'boolean')
      : 'json'
  }
}

/** A value as a column of its type writes it. */
export function plainText(type: ColumnType, value: Json): string {
  return type === 'string' ? String(value) : JSON.stringify(value)
}
