const LEAST = 1024

/** A growing list of numbers below 2³². */
export class Numbers {
  values = new Uint32Array(LEAST)

  /** Makes room for `length` values, of which there are `most` at most. Whoever holds `values` takes it anew. */
  reserve(length: number, most: number = Number.POSITIVE_INFINITY): Uint32Array {
    if (this.values.length < length) {
      const doubled = Math.min(this.values.length * 2, most)
      const larger = new Uint32Array(Math.max(length, doubled))
      larger.set(this.values)
      this.values = larger
    }
    return this.values
  }

  /** Lets go of what was reserved. */
  release(): void {
    this.values = new Uint32Array(LEAST)
  }
}

/** A set of nodes that is emptied in constant time, and a number for each node in it. */
export class NodeTable {
  marks = new Uint8Array(0)
  #slots = new Uint32Array(0)
  /** The mark of what is in the set. */
  mark = 0

  /** Empties the set and makes room for nodes below `nodes`. */
  begin(nodes: number): void {
    if (this.marks.length < nodes) {
      this.marks = new Uint8Array(nodes)
      this.mark = 0
    }
    if (this.mark === 255) {
      this.marks.fill(0)
      this.mark = 0
    }
    this.mark += 1
  }

  /** Lets go of what was reserved. */
  release(): void {
    this.marks = new Uint8Array(0)
    this.#slots = new Uint32Array(0)
  }

  /** Room for the numbers, which a plain search does without. Contents are kept by no search. */
  slots(): Uint32Array {
    if (this.#slots.length < this.marks.length) this.#slots = new Uint32Array(this.marks.length)
    return this.#slots
  }
}

/**
 * What searches write to, at most 13 bytes per node, kept from one to the next: they follow one another, never
 * overlap. A search for several paths needs 14, and lets go of what is above.
 */
export class Workspace {
  readonly reached = new NodeTable()
  readonly alsoReached = new NodeTable()
  readonly queue = new Numbers()
  readonly backQueue = new Numbers()
  readonly parents = new Numbers()
  readonly vias = new Numbers()
  /** Where edges are copied to that are not as they stand in the base. */
  readonly targets = new Numbers()
  readonly edges = new Numbers()
}
