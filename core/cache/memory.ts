import { LRUCache } from 'lru-cache'
import type { Held } from './entry.ts'
import { type CacheKind, TTL_MS } from './kinds.ts'

/** What an entry costs beside its value. */
const ENTRY_OVERHEAD_BYTES = 200
const TAG_BYTES = 60

/** The nearest tier: what this isolate holds, with what it knows of how long each value holds. */
export class MemoryTier {
  readonly #held: LRUCache<string, Held<unknown>>
  readonly evictions: Record<string, number> = {}

  constructor(maxBytes: number, now: () => number) {
    this.#held = new LRUCache({
      maxSize: maxBytes,
      // One value must not drive out everything else.
      maxEntrySize: Math.ceil(maxBytes / 16),
      sizeCalculation: ({ bytes, tags }, key) =>
        bytes + key.length * 2 + tags.length * TAG_BYTES + ENTRY_OVERHEAD_BYTES,
      perf: { now },
      ttlResolution: 0,
      dispose: ({ kind }, _key, reason) => {
        if (reason === 'evict') this.evictions[kind] = (this.evictions[kind] ?? 0) + 1
      },
    })
  }

  /** Values that there was no room for any more. */
  get evicted(): number {
    return Object.values(this.evictions).reduce((sum, count) => sum + count, 0)
  }

  get bytes(): number {
    return this.#held.calculatedSize
  }

  get count(): number {
    return this.#held.size
  }

  get(key: string): Held<unknown> | undefined {
    return this.#held.get(key)
  }

  /** Keeps what was read later, where both are there. */
  set(key: string, held: Held<unknown>): void {
    const former = this.#held.peek(key)
    if (former && former.seq > held.seq) return
    this.#held.set(key, held, { ttl: TTL_MS[held.kind] })
  }

  delete(key: string): void {
    this.#held.delete(key)
  }

  /** All entries, the most recently used first. */
  entries(): Iterable<[string, Held<unknown>]> {
    return this.#held.entries()
  }

  countOf(kind: CacheKind): number {
    let count = 0
    for (const [, held] of this.#held.entries()) if (held.kind === kind) count += 1
    return count
  }
}
