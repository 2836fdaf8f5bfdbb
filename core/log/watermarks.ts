import { EVERYTHING } from './tags.ts'

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

/**
 * Buckets cost nothing until they are touched, so there are many from the beginning: few are shared,
 * and hardly any ever double. With 1,024 that doubled with the writes, caches had 89 to 93 % of the
 * hits that exact tags allow, and more buckets were listed than now (`npm run bench:hit-rates`).
 */
const INITIAL_BUCKETS = 16_777_216
const MAX_BUCKETS = 268_435_456

/**
 * Listed buckets beyond which the oldest eighth is folded into `base`: about 3 MB of memory. Folding
 * costs every value read before a miss, so it is done in small steps.
 */
const MAX_LISTED = 65_536

/** Newest touches that are kept in order, at least: whoever asked lately needs no look at every bucket. */
const MIN_RECENT = 8_192

/** Buckets double when this many tags per bucket were touched: a shared bucket costs a miss. */
const TOUCHES_PER_BUCKET = 4

export type WatermarksOptions = {
  /** Default 65,536. */
  readonly maxListed?: number
  /** Buckets to begin with, a power of two. Default 16,777,216. */
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
  /** Buckets in the order in which they were touched, and the seqs of that. */
  #recentBuckets: number[] = []
  #recentSeqs: number[] = []
  /** Every touch after it is among the recent ones. */
  #recentFrom: number

  /** Knows nothing at or below `floor`: every bucket starts there. */
  constructor(
    floor: number,
    { maxListed = MAX_LISTED, buckets = INITIAL_BUCKETS }: WatermarksOptions = {},
  ) {
    this.#head = floor
    this.#base = floor
    this.#recentFrom = floor
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
      if (tag === EVERYTHING) {
        this.#touchAll()
        continue
      }
      // Never deleted first to keep an order: the tags that every event touches would each leave a
      // dead entry in one chain of the map's table, and the next search would walk them all.
      const bucket = bucketOf(tag, this.#bucketCount)
      this.#listed.set(bucket, seq)
      this.#recentBuckets.push(bucket)
      this.#recentSeqs.push(seq)
      this.#touches += 1
    }
    if (this.#recentSeqs.length > 2 * MIN_RECENT) this.#forgetRecent(MIN_RECENT)
    const isCrowded = this.#touches > this.#bucketCount * TOUCHES_PER_BUCKET
    if (isCrowded && this.#bucketCount < MAX_BUCKETS) this.#grow()
    if (this.#listed.size > this.#maxListed) this.#foldOldest(Math.ceil(this.#maxListed / 8))
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
      buckets: since >= this.#recentFrom ? this.#recentSince(since) : this.#listedSince(since),
    }
  }

  #listedSince(since: number): [number, number][] {
    return [...this.#listed].filter(([, seq]) => seq > since)
  }

  #recentSince(since: number): [number, number][] {
    const found = new Map<number, number>()
    for (let i = this.#recentSeqs.length - 1; i >= 0; i -= 1) {
      const [seq = 0, bucket = 0] = [this.#recentSeqs[i], this.#recentBuckets[i]]
      if (seq <= since) break
      // The last touch comes first. What was folded into the base since is not listed any more.
      if (!found.has(bucket) && this.#listed.has(bucket)) found.set(bucket, seq)
    }
    return [...found].reverse()
  }

  #forgetRecent(keep: number): void {
    const forgotten = this.#recentSeqs.length - keep
    this.#recentFrom = keep === 0 ? this.#head : (this.#recentSeqs[forgotten - 1] ?? this.#head)
    this.#recentSeqs = this.#recentSeqs.slice(forgotten)
    this.#recentBuckets = this.#recentBuckets.slice(forgotten)
  }

  #touchAll(): void {
    this.#base = this.#head
    this.#listed = new Map()
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
    // Their buckets have other numbers now.
    this.#forgetRecent(0)
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
