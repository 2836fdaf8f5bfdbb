import { bucketOf, type WatermarksDiff } from './watermarks.ts'

/** Most buckets that those known may become when their number changes. */
const MAX_RESIZED = 262_144

/**
 * An isolate's copy of a log's watermarks, brought forward by differences. `lastTouched` is never
 * below what the object's own would say at the same head.
 */
export class WatermarksCopy {
  #head: number
  #base: number
  #bucketCount: number
  #listed: Map<number, number>

  /** From a difference since 0, which lists everything. */
  constructor(whole: WatermarksDiff) {
    if (whole.since !== 0) throw new RangeError(`a copy begins at 0, not at ${whole.since}`)
    this.#head = whole.head
    this.#base = whole.base
    this.#bucketCount = whole.bucketCount
    this.#listed = new Map(whole.buckets)
  }

  get head(): number {
    return this.#head
  }

  /** About what it takes in memory. */
  get bytes(): number {
    return 64 + this.#listed.size * 40
  }

  /** The highest seq that may have touched any of `tags`. */
  lastTouched(tags: Iterable<string>): number {
    let last = 0
    for (const tag of tags) {
      const listed = this.#listed.get(bucketOf(tag, this.#bucketCount)) ?? 0
      last = Math.max(last, listed, this.#base)
    }
    return last
  }

  /**
   * Merges by maximum (R4). `false`: the difference begins above this head, so that what happened
   * between is missing, and nothing was merged.
   */
  merge(diff: WatermarksDiff): boolean {
    if (diff.since > this.#head) return false
    this.#resize(diff.bucketCount)
    for (const [bucket, seq] of diff.buckets) {
      this.#listed.set(bucket, Math.max(seq, this.#listed.get(bucket) ?? 0))
    }
    if (diff.base > this.#base) this.#raiseBase(diff.base)
    this.#head = Math.max(this.#head, diff.head)
    return true
  }

  /** Bucket counts are powers of two: a bucket's halves differ in the highest bit of the hash used. */
  #resize(bucketCount: number): void {
    if (bucketCount === this.#bucketCount) return
    const resized = new Map<number, number>()
    const copies = Math.max(1, bucketCount / this.#bucketCount)
    // An object of another deploy may count by far more of them: all were touched, for all we know.
    if (copies * this.#listed.size > MAX_RESIZED) this.#raiseBase(this.#head)
    for (const [bucket, seq] of this.#listed) {
      for (let copy = 0; copy < copies; copy += 1) {
        const target = (bucket + copy * this.#bucketCount) % bucketCount
        resized.set(target, Math.max(seq, resized.get(target) ?? 0))
      }
    }
    this.#listed = resized
    this.#bucketCount = bucketCount
  }

  /**
   * What the object has folded into its base may have been touched since our last look, and is not
   * listed any more: every bucket is at least at the base.
   */
  #raiseBase(base: number): void {
    this.#base = base
    for (const [bucket, seq] of this.#listed) if (seq <= base) this.#listed.delete(bucket)
  }
}
