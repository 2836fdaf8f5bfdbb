import type { Bytes } from '../reply.ts'
import { ELEMENT_BYTES } from './values.ts'

export type Scored = { readonly member: Bytes; readonly score: number }

/** Members ordered by score, and by their bytes where scores are equal. */
export class SortedSet {
  readonly type = 'zset'
  readonly #scores = new Map<Bytes, number>()
  readonly #order: Scored[] = []
  #usedBytes = 0
  /** Grows when a member is added or removed. */
  version = 0

  get items(): readonly Scored[] {
    return this.#order
  }

  get size(): number {
    return this.#order.length
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  names(): Iterable<Bytes> {
    return this.#scores.keys()
  }

  score(member: Bytes): number | undefined {
    return this.#scores.get(member)
  }

  /** From 0, the lowest; undefined when it is no member. */
  rank(member: Bytes): number | undefined {
    const score = this.#scores.get(member)
    return score === undefined ? undefined : this.#position({ member, score })
  }

  set(member: Bytes, score: number): void {
    const old = this.#scores.get(member)
    if (old === score) return
    if (old === undefined) {
      this.#usedBytes += member.length + ELEMENT_BYTES
      this.version++
    } else {
      this.#order.splice(this.#position({ member, score: old }), 1)
    }
    this.#scores.set(member, score)
    const item = { member, score }
    this.#order.splice(this.#position(item), 0, item)
  }

  delete(member: Bytes): boolean {
    const score = this.#scores.get(member)
    if (score === undefined) return false
    this.#order.splice(this.#position({ member, score }), 1)
    this.#scores.delete(member)
    this.#usedBytes -= member.length + ELEMENT_BYTES
    this.version++
    return true
  }

  clone(): SortedSet {
    const copy = new SortedSet()
    for (const { member, score } of this.#order) copy.set(member, score)
    return copy
  }

  /** Where the item stands, or would have to. */
  #position(item: Scored): number {
    let low = 0
    let high = this.#order.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const other = this.#order[middle]
      if (other !== undefined && compare(other, item) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

function compare(a: Scored, b: Scored): number {
  if (a.score !== b.score) return a.score < b.score ? -1 : 1
  if (a.member === b.member) return 0
  return a.member < b.member ? -1 : 1
}
