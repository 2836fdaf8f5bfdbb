import type { Held } from '../core/cache/entry.ts'
import { encodeValueName, valueNameOf } from '../core/cache/key.ts'
import type { Waiting } from '../core/cache/single-flight.ts'
import { type CacheLedger, type Deltas, HOUR_MS } from './cache-ledger.ts'
import { countersOf, isolate, tenantCounters } from './isolate.ts'

/** How often an isolate tells what it has counted, while requests come. */
export const TELL_INTERVAL_MS = 10_000

/** Tenants told of at once; the others wait for the next time. */
const MAX_TENANTS = 100
/** Names told at once. */
const MAX_HOT = 50
/** Values used less often since the last time are not hot. */
const MIN_HITS = 2
/** A longer name is a query that hardly anybody repeats. */
const MAX_NAME_CHARACTERS = 2_000

/** Tells the ledger now and then, behind an answer; without a ledger this isolate counts for itself. */
export function tellInTime(
  ledger: () => CacheLedger | null,
  now: number,
  waitUntil: Waiting['waitUntil'],
): void {
  if (now - isolate.toldAt < TELL_INTERVAL_MS && now >= isolate.toldAt) return
  isolate.toldAt = now
  const there = ledger()
  if (there) waitUntil(tellLedger(there, now))
}

/** Adds what this isolate has counted to what others have. Nothing is lost when the ledger is away. */
export async function tellLedger(ledger: CacheLedger, now: number): Promise<void> {
  const deltas: Deltas[] = []
  for (const [tenantId, counters] of tenantCounters.entries()) {
    if (counters.isEmpty) continue
    if (deltas.push({ tenantId, counts: counters.take() }) >= MAX_TENANTS) break
  }
  try {
    await ledger.add(deltas, Math.floor(now / HOUR_MS) * HOUR_MS)
  } catch {
    // The ledger is away, or its breaker open: told next time.
    for (const { tenantId, counts } of deltas) {
      const counters = countersOf(tenantId)
      for (const [name, count] of Object.entries(counts)) counters.add(name, count)
    }
    return
  }
  // What is lost of this makes the cache a little less warm.
  await ledger.addHits(takeHits(isolate.memory.entries())).catch(() => undefined)
}

/** The values that memory has answered with most often since the last time. */
export function takeHits(entries: Iterable<[string, Held<unknown>]>): [string, number][] {
  const hot: [string, number][] = []
  for (const [key, held] of entries) {
    const { hits = 0 } = held
    if (hits === 0) continue
    held.hits = 0
    const name = hits >= MIN_HITS ? valueNameOf(key) : null
    if (name && name.name.length <= MAX_NAME_CHARACTERS) hot.push([encodeValueName(name), hits])
  }
  return hot.sort(([, a], [, b]) => b - a).slice(0, MAX_HOT)
}
