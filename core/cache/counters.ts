import { type CacheEvent, LOAD_EVENTS, TIER_EVENTS } from './events.ts'
import { CACHE_KINDS, type CacheKind } from './kinds.ts'
import { TIER_NAMES } from './tier.ts'

/** `tier:kind:event`, `kind:event` or `tier:failures`. */
export type CounterName = string

/** How often each thing has happened, since it was last asked for. */
export type Counts = Readonly<Record<CounterName, number>>

/** Every name that a counter may have: anything else that is found somewhere is not ours. */
export const COUNTER_NAMES: readonly CounterName[] = [
  ...TIER_NAMES.flatMap((tier) => [
    `${tier}:failures`,
    ...CACHE_KINDS.flatMap((kind) => TIER_EVENTS.map((event) => `${tier}:${kind}:${event}`)),
  ]),
  ...CACHE_KINDS.flatMap((kind) => LOAD_EVENTS.map((event) => `${kind}:${event}`)),
]

/** Counts of one tenant in one isolate. */
export class Counters {
  #counts = new Map<CounterName, number>()

  get isEmpty(): boolean {
    return this.#counts.size === 0
  }

  count(event: CacheEvent): void {
    this.add(nameOf(event), 1)
  }

  add(name: CounterName, count: number): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count)
  }

  /** What was counted so far; from here on it begins at nothing. */
  take(): Counts {
    const taken = Object.fromEntries(this.#counts)
    this.#counts = new Map()
    return taken
  }

  /** As `take`, and goes on. */
  read(): Counts {
    return Object.fromEntries(this.#counts)
  }
}

/** By kind: most answers come from memory, and making the name takes longer than counting it. */
const MEMORY_HITS = Object.fromEntries(
  CACHE_KINDS.map((kind) => [kind, `memory:${kind}:hits`]),
) as Readonly<Record<CacheKind, CounterName>>

function nameOf(event: CacheEvent): CounterName {
  if (event.type === 'tier_failed') return `${event.tier}:failures`
  if (!('tier' in event)) return `${event.kind}:${event.type}`
  if (event.type === 'hits' && event.tier === 'memory') return MEMORY_HITS[event.kind]
  return `${event.tier}:${event.kind}:${event.type}`
}

/** Several counts as one. */
export function sumOf(all: readonly Counts[]): Counts {
  const sum: Record<CounterName, number> = {}
  for (const counts of all) {
    for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count
  }
  return sum
}
