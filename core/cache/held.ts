import { laterTime } from './age.ts'
import type { Found, Source } from './cache.ts'
import type { Held } from './entry.ts'
import type { Freshness, ReadAnswer } from './log-reader.ts'
import type { Known } from './log-view.ts'

/** Moves the end of the stretch over which a value holds, if nothing it depends on was touched. */
export function revalidate(held: Held<unknown>, { copy, askedAt }: Known, now: number): void {
  if (copy.lastTouched(held.tags) > held.seq) return
  held.upTo = Math.max(held.upTo, copy.head)
  held.knownAt = laterTime(held.knownAt, askedAt, now)
}

const OF_NOTHING = { seq: -Infinity, upTo: Infinity }

/** The seq that an answer of these parts is of, and whether each of them holds there (R1). */
export function commonSeq(found: readonly Found<unknown>[]): { seq: number; upTo: number } {
  let { seq, upTo } = found[0]?.held ?? OF_NOTHING
  for (let i = 1; i < found.length; i += 1) {
    const { held } = found[i] as Found<unknown>
    seq = Math.max(seq, held.seq)
    upTo = Math.min(upTo, held.upTo)
  }
  return { seq, upTo }
}

export function answer<T>(
  { consistency, bookmark, arrivedAt }: Freshness,
  found: readonly Found<T>[],
  { historyId, told }: { readonly historyId: string; readonly told: number },
): ReadAnswer<T> {
  const { seq } = commonSeq(found)
  let knownAt = Infinity
  for (const { held } of found) knownAt = Math.min(knownAt, held.knownAt)
  return {
    values: found.map(({ held }) => held.value),
    historyId,
    seq,
    seen: Math.max(bookmark?.seq ?? 0, seq, consistency.level === 'strong' ? told : 0),
    source: farthest(found),
    ageMs: Math.max(0, arrivedAt - knownAt),
    isStale: false,
  }
}

const DISTANCE: Readonly<Record<Source, number>> = { memory: 0, edge: 1, redis: 2, origin: 3 }

function farthest(found: readonly Found<unknown>[]): Source {
  let result: Source = 'memory'
  for (const { source } of found) if (DISTANCE[source] > DISTANCE[result]) result = source
  return result
}
