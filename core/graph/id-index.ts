import { compareUuids } from './uuid-words.ts'

/** Finds nodes by id while a topology is built: open addressing, 8 to 16 bytes per node. */
export class IdIndex {
  readonly #ids: Uint32Array
  readonly #slots: Uint32Array
  readonly #mask: number

  /** `ids`: four words per node, `count` of them, all different. */
  constructor(ids: Uint32Array, count: number) {
    this.#ids = ids
    // At most half of the slots are taken, so that chains stay short.
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(Math.max(count * 2, 2))))
    this.#mask = this.#slots.length - 1
    for (let node = 0; node < count; node += 1) {
      let slot = this.#slotFor(ids, node * 4)
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask
      this.#slots[slot] = node + 1
    }
  }

  /** The node whose id is at word `at` of `words`; -1 when there is none. */
  find(words: Uint32Array, at: number): number {
    let slot = this.#slotFor(words, at)
    for (;;) {
      const node = (this.#slots[slot] ?? 0) - 1
      if (node < 0 || compareUuids(this.#ids, node * 4, words, at) === 0) return node
      slot = (slot + 1) & this.#mask
    }
  }

  #slotFor(words: Uint32Array, at: number): number {
    // Time-ordered ids differ in their last words, made-up ones often in few bits: all take part.
    let hash = Math.imul((words[at] ?? 0) ^ Math.imul(words[at + 1] ?? 0, 0x9e3779b1), 0x85ebca77)
    hash ^= Math.imul((words[at + 2] ?? 0) + Math.imul(words[at + 3] ?? 0, 0xc2b2ae3d), 0x27d4eb2f)
    hash = Math.imul(hash ^ (hash >>> 15), 0x165667b1)
    return (hash ^ (hash >>> 13)) & this.#mask
  }
}
