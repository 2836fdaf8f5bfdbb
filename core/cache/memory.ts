import { LRUCache } from 'lru-cache'
import type { Held } from './entry.ts'
import { type CacheKind, MEMORY_SHARE, TTL_MS } from './kinds.ts'
import { PLAIN_GET } from './lru.ts'

/** What an entry costs beside its value. */
const ENTRY_OVERHEAD_BYTES = 200
const TAG_BYTES = 60

/** Part of the memory that one value may take: it must not drive out everything else. */
const LARGEST_VALUE = 1 / 16

/** The nearest tier: what this isolate holds, with what it knows of how long each value holds. */
export class MemoryTier {
  readonly #held: LRUCache<string, Held<unknown>>
  /** Bytes by key of each kind that may not have all of the memory: the least recently used goes. */
  readonly #limited = new Map<CacheKind, LRUCache<string, number>>()
  /** Values that there was no room for any more. */
  evicted = 0

  /** `onEvict` hears of each of them. */
  constructor(
    maxBytes: number,
    now: () => number,
    onEvict: (key: string, kind: CacheKind) => void = () => {},
  ) {
    const evict = (key: string, kind: CacheKind) => {
      this.evicted += 1
      onEvict(key, kind)
    }
    this.#held = new LRUCache({
      maxSize: maxBytes,
      maxEntrySize: Math.ceil(maxBytes * LARGEST_VALUE),
      sizeCalculation: sizeOf,
      perf: { now },
      ttlResolution: 0,
      dispose: ({ kind }, key, reason) => {
        if (reason !== 'set') this.#limited.get(kind)?.delete(key)
        if (reason === 'evict') evict(key, kind)
      },
    })
    for (const [kind, share] of Object.entries(MEMORY_SHARE) as [CacheKind, number][]) {
      if (share === 1) continue
      const limited = new LRUCache<string, number>({
        maxSize: Math.ceil(maxBytes * share),
        sizeCalculation: (bytes) => bytes,
        // After it is gone here: deleting the value deletes it here, too.
        disposeAfter: (_bytes, key, reason) => {
          if (reason !== 'evict') return
          this.#held.delete(key)
          evict(key, kind)
        },
      })
      this.#limited.set(kind, limited)
    }
  }

  get bytes(): number {
    return this.#held.calculatedSize
  }

  get count(): number {
    return this.#held.size
  }

  get(key: string): Held<unknown> | undefined {
    const held = this.#held.get(key, PLAIN_GET)
    if (held) this.#limited.get(held.kind)?.get(key, PLAIN_GET)
    return held
  }

  /** Keeps what was read later, where both are there. */
  set(key: string, held: Held<unknown>): void {
    const former = this.#held.peek(key)
    if (former && former.seq > held.seq) return
    if (former?.hits) held.hits = (held.hits ?? 0) + former.hits
    this.#held.set(key, held, { ttl: TTL_MS[held.kind] })
    if (this.#held.has(key)) this.#limited.get(held.kind)?.set(key, sizeOf(held, key))
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

function sizeOf({ bytes, tags }: Held<unknown>, key: string): number {
  return bytes + key.length * 2 + tags.length * TAG_BYTES + ENTRY_OVERHEAD_BYTES
}
