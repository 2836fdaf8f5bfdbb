import { LRUCache } from 'lru-cache'
import type { Held } from './entry.ts'
import { type CacheKind, TTL_MS } from './kinds.ts'

/** What an entry costs beside its value. */
const ENTRY_OVERHEAD_BYTES = 200
const TAG_BYTES = 60

/** The nearest tier: what this isolate holds, with what it knows of how long each value holds. */
export class MemoryTier {
  readonly #held: LRUCache<string, Held<unknown>>
  /** Values that there was no room for any more. */
  evicted = 0

  /** `onEvict` hears of each of them. */
  constructor(
    maxBytes: number,
    now: () => number,
    onEvict: (key: string, kind: CacheKind) => void = () => {},
  ) {
    this.#held = new LRUCache({
      maxSize: maxBytes,
      // One value must not drive out everything else.
      maxEntrySize: Math.ceil(maxBytes / 16),
      sizeCalculation: ({ bytes, tags }, key) =>
        bytes + key.length * 2 + tags.length * TAG_BYTES + ENTRY_OVERHEAD_BYTES,
      perf: { now },
      ttlResolution: 0,
      dispose: ({ kind }, key, reason) => {
        if (reason !== 'evict') return
        this.evicted += 1
        onEvict(key, kind)
      },
    })
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
    if (former?.hits) held.hits = (held.hits ?? 0) + former.hits
    this.#held.set(key, held, { ttl: TTL_MS[held.kind] })
  }

  delete(key: string): void {
    this.#held.delete(key)
  }

  /** All entries, the most recently used first. */
  entries(): Iterable<[string, Held<unknown>]> {
    return this.#held.entries()
  }

  /** Values and bytes of each kind, of the keys that are `wanted`. Looks at every one. */
  sizes(
    wanted: (key: string) => boolean,
  ): ReadonlyMap<CacheKind, { readonly values: number; readonly bytes: number }> {
    const sizes = new Map<CacheKind, { values: number; bytes: number }>()
    for (const [key, { kind }] of this.#held.entries()) {
      if (!wanted(key)) continue
      const size = sizes.get(kind) ?? { values: 0, bytes: 0 }
      size.values += 1
      size.bytes += this.#held.info(key)?.size ?? 0
      sizes.set(kind, size)
    }
    return sizes
  }
}
