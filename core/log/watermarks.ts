/** A difference of watermarks: what an object sends to an isolate that has those of `since`. */
export type WatermarksDiff = {
  readonly since: number
  readonly head: number
  /** Stands for every bucket not listed. */
  readonly base: number
  readonly bucketCount: number
  /** Buckets touched after `since`, each with the highest seq that touched it. */
  readonly buckets: readonly (readonly [bucket: number, seq: number])[]
}

const INITIAL_BUCKETS = 1_024
const MAX_BUCKETS = 262_144

/** Listed buckets beyond which the oldest half is folded into `base`: about 3 MB of memory. */
const MAX_LISTED = 65_536

/** Buckets double when this many tags per bucket were touched: a shared bucket costs a miss. */
const TOUCHES_PER_BUCKET = 4

export type WatermarksOptions = {
  /** Default 65,536. */
  readonly maxListed?: number
  /** Buckets to begin with, a power of two. Default 1,024. */
  readonly buckets?: number
}

/**
 * For one graph, the highest seq that touched each bucket of tags. A value read at `seq` is
 * current when none of its tags' buckets was touched later. Two tags in one bucket cost a miss,
 * never a stale read, and so does whatever is folded into `base`.
 */
export class Watermarks {
  #head: number
  #base: number
  #bucketCount: number
  #touches = 0
  readonly #maxListed: number
  #listed = new Map<number, number>()

  /** Knows nothing at or below `floor`: every bucket starts there. */
  constructor(
    floor: number,
    { maxListed = MAX_LISTED, buckets = INITIAL_BUCKETS }: WatermarksOptions = {},
  ) {
    this.#head = floor
    this.#base = floor
    this.#bucketCount = buckets
    this.#maxListed = maxListed
  }

  get head(): number {
    return this.#head
  }

  /** Records that `seq` touched `tags`. Seqs arrive in order. */
  touch(tags: Iterable<string>, seq: number): void {
    if (seq < this.#head) throw new RangeError(`seq ${seq} is behind the head ${this.#head}`)
    this.#head = seq
    for (const tag of tags) {
      // Never deleted first to keep an order: the tags that every event touches would each leave a
      // dead entry in one chain of the map's table, and the next search would walk them all.
      this.#listed.set(bucketOf(tag, this.#bucketCount), seq)
      this.#touches += 1
    }
    const isCrowded = this.#touches > this.#bucketCount * TOUCHES_PER_BUCKET
    if (isCrowded && this.#bucketCount < MAX_BUCKETS) this.#grow()
    if (this.#listed.size > this.#maxListed) this.#foldOldest(Math.ceil(this.#maxListed / 2))
  }

  /** The highest seq that may have touched any of `tags`. */
  lastTouched(tags: Iterable<string>): number {
    let last = 0
    for (const tag of tags) {
      last = Math.max(last, this.#listed.get(bucketOf(tag, this.#bucketCount)) ?? this.#base)
    }
    return last
  }

  /** What changed after `since`; `0` asks for everything. */
  since(since: number): WatermarksDiff {
    return {
      since,
      head: this.#head,
      base: this.#base,
      bucketCount: this.#bucketCount,
      buckets: [...this.#listed].filter(([, seq]) => seq > since),
    }
  }

  /** A bucket's two halves have both been touched, for all that is known, when it was. */
  #grow(): void {
    const half = this.#bucketCount
    this.#bucketCount *= 2
    this.#listed = new Map(
      [...this.#listed].flatMap(([bucket, seq]): [number, number][] => [
        [bucket, seq],
        [bucket + half, seq],
      ]),
    )
  }

  /** At least `count` of them: all that were last touched at the same seq or earlier. */
  #foldOldest(count: number): void {
    const seqs = Float64Array.from(this.#listed.values()).sort()
    this.#base = Math.max(this.#base, seqs[count - 1] ?? 0)
    this.#listed = new Map([...this.#listed].filter(([, seq]) => seq > this.#base))
  }
}

/**
 * FNV-1a, 32 bit, over UTF-16 code units, with a final avalanche (the 32-bit finaliser of
 * MurmurHash3). NEVER CHANGE IT: an isolate and an object of different deploys must agree.
 */
export function bucketOf(tag: string, bucketCount: number): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < tag.length; i += 1) {
    hash = Math.imul(hash ^ tag.charCodeAt(i), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) & (bucketCount - 1)
}
