import type { Entry } from './entry.ts'
import type { CacheKind } from './kinds.ts'
import type { Waiting } from './single-flight.ts'
import type { LeasingTier } from './tier.ts'

/**
 * How long one isolate may load for all. A load that takes longer is done once per such period; a
 * shorter one is over, and its lease given back, when its value is stored.
 */
export const LEASE_MS = 1_500

/**
 * How long one waits for others, one after the other should they die or be slow, before loading
 * without a lease.
 */
const MAX_WAITED_MS = 3 * LEASE_MS

/** Waits between looks at what another isolate is loading: short first, since most loads are. */
const FIRST_WAIT_MS = 10
const MAX_WAIT_MS = 160

/**
 * Kinds whose loads other isolates may do. What a caller may do is always answered without waiting
 * for a stranger, and a derived value nobody here can load.
 */
const LEASED: Readonly<Record<CacheKind, boolean>> = {
  entity: true,
  relationship: true,
  list: true,
  neighbors: true,
  types: true,
  access: false,
  derived: false,
}

export function isLeased(kind: CacheKind): boolean {
  return LEASED[kind]
}

/** Leases that this isolate has, by the key of what is to be loaded. It outlives requests. */
export class OwnLeases {
  readonly #owners = new Map<string, string>()

  took(key: string, owner: string): void {
    this.#owners.set(key, owner)
    // A load that never ends gives nothing back: its lease is long over when it is the oldest.
    if (this.#owners.size > MAX_OWN) {
      const [oldest] = this.#owners.keys()
      if (oldest !== undefined) this.#owners.delete(oldest)
    }
  }

  /** Whether this isolate is loading it: its load is there to be joined. */
  has(key: string): boolean {
    return this.#owners.has(key)
  }

  /** Who is to be named to give the lease back; `undefined`: this isolate has none. */
  end(key: string): string | undefined {
    const owner = this.#owners.get(key)
    this.#owners.delete(key)
    return owner
  }
}

const MAX_OWN = 1_000

/**
 * The entry, once it is one read later than at `above`. `null`: the caller is to load it, because it
 * has the lease, or because whoever has it takes too long. Rejects as the tier does.
 */
export async function awaitClaim(
  tier: LeasingTier,
  { key, above }: { readonly key: string; readonly above: number },
  { sleep }: Pick<Waiting, 'sleep'>,
  onWait: () => void,
): Promise<Entry<unknown> | null> {
  let waitMs = FIRST_WAIT_MS
  for (let waitedMs = 0; ; waitedMs += waitMs, waitMs = Math.min(waitMs * 2, MAX_WAIT_MS)) {
    const claim = await tier.claim(key, above)
    if (claim.is === 'found') return claim.entry
    if (claim.is === 'ours' || waitedMs >= MAX_WAITED_MS) return null
    if (waitedMs === 0) onWait()
    await sleep(waitMs)
  }
}
