/**
 * Numbers by a key of two parts, the smallest first: a binary heap (Williams 1964) in flat arrays. What
 * has become outdated stays in until it is popped; whoever pops it looks whether it still holds.
 */
export class Heap {
  readonly #major: number[] = []
  readonly #minor: number[] = []
  readonly #values: number[] = []

  get size(): number {
    return this.#values.length
  }

  push(value: number, major: number, minor: number): void {
    let at = this.#values.length
    this.#set(at, value, major, minor)
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (!this.#isBefore(major, minor, parent)) break
      this.#move(parent, at)
      at = parent
    }
    this.#set(at, value, major, minor)
  }

  /** The value with the smallest key; `undefined` when the heap is empty. */
  pop(): number | undefined {
    const first = this.#values[0]
    const value = this.#values.pop()
    const major = this.#major.pop()
    const minor = this.#minor.pop()
    const size = this.#values.length
    if (value === undefined || major === undefined || minor === undefined || size === 0)
      return first
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= size) break
      if (child + 1 < size && this.#isBeforeAt(child + 1, child)) child += 1
      if (this.#isBefore(major, minor, child)) break
      this.#move(child, at)
      at = child
    }
    this.#set(at, value, major, minor)
    return first
  }

  #isBefore(major: number, minor: number, at: number): boolean {
    const other = this.#major[at] ?? 0
    return major < other || (major === other && minor < (this.#minor[at] ?? 0))
  }

  #isBeforeAt(a: number, b: number): boolean {
    return this.#isBefore(this.#major[a] ?? 0, this.#minor[a] ?? 0, b)
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#values[from] ?? 0, this.#major[from] ?? 0, this.#minor[from] ?? 0)
  }

  #set(at: number, value: number, major: number, minor: number): void {
    this.#values[at] = value
    this.#major[at] = major
    this.#minor[at] = minor
  }
}
