import type { CacheKind } from './kinds.ts'

/** A value read from a log's tables, as tiers keep it. */
export type Entry<T> = {
  readonly kind: CacheKind
  /** Seq of the snapshot it was read from. */
  readonly seq: number
  /** Everything that the read looked at, also what it did not find (T3). */
  readonly tags: readonly string[]
  readonly value: T
  /** Bytes of the value's JSON text. */
  readonly bytes: number
}

/**
 * A value and the stretch of its log over which it is known to hold: from `seq`, where it was read,
 * to `upTo`, the latest head at which no watermark of its tags was above `seq`.
 */
export type Held<T> = Entry<T> & {
  upTo: number
  /** A time at which the log had not gone beyond `upTo`: the value is at most that old. */
  knownAt: number
  /** How often memory has answered with it since that was last asked; absent: never. */
  hits?: number
}
