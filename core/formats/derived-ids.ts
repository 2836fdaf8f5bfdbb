import { parse, v5 } from 'uuid'

/** Namespace (RFC 9562) of ids made from what a file says. NEVER CHANGE: a repeat would make doubles. */
const NAMESPACE = v5('tendril:formats', v5.URL)

/** The same parts give the same id, in any run and on any machine. */
export function derivedId(...parts: readonly (string | null)[]): string {
  return v5(JSON.stringify(parts), NAMESPACE)
}

/**
 * Ids for relationships that have none in their file, from what they join; the second one of the same
 * name gets another id than the first, so that parallel ones stay apart and a repeat finds them all.
 * Holds some 24 bytes for each.
 */
export class DerivedIds {
  readonly #seen = new Occurrences()

  next(...parts: readonly (string | null)[]): string {
    const id = derivedId(...parts)
    const earlier = this.#seen.add(id)
    return earlier === 0 ? id : v5(String(earlier), id)
  }
}

const FIRST_SLOTS = 1024

/**
 * Counts ids by a hash of 52 bits in open-addressed arrays, at most half full. Two ids of one hash
 * count as one, in every run alike: their numbers begin later, and stay different.
 */
class Occurrences {
  #hashes = new Float64Array(FIRST_SLOTS)
  #counts = new Uint32Array(FIRST_SLOTS)
  #used = 0

  /** How often the id was added before. */
  add(id: string): number {
    if (this.#used * 2 >= this.#hashes.length) this.#grow()
    const hash = hashOf(id)
    const slot = this.#slotOf(hash)
    const before = this.#counts[slot] ?? 0
    if (before === 0) this.#used += 1
    this.#hashes[slot] = hash
    this.#counts[slot] = before + 1
    return before
  }

  #slotOf(hash: number): number {
    const mask = this.#hashes.length - 1
    let slot = hash % this.#hashes.length
    while (this.#counts[slot] !== 0 && this.#hashes[slot] !== hash) slot = (slot + 1) & mask
    return slot
  }

  #grow(): void {
    const [hashes, counts] = [this.#hashes, this.#counts]
    this.#hashes = new Float64Array(hashes.length * 2)
    this.#counts = new Uint32Array(counts.length * 2)
    for (const [i, count] of counts.entries()) {
      if (count === 0) continue
      const slot = this.#slotOf(hashes[i] ?? 0)
      this.#hashes[slot] = hashes[i] ?? 0
      this.#counts[slot] = count
    }
  }
}

/** The last 52 bits, which a version-5 UUID has from its digest. */
function hashOf(id: string): number {
  const bytes = parse(id)
  let hash = (bytes[9] ?? 0) & 0x0f
  for (const byte of bytes.subarray(10)) hash = hash * 256 + byte
  return hash
}
