import type { Consistency } from '../log/consistency.ts'
import type { Cache, Source } from './cache.ts'
import type { CacheKind } from './kinds.ts'
import type { AskLog, LogView } from './log-view.ts'
import type { SingleFlight, Waiting } from './single-flight.ts'

/** Values of some keys as one statement or snapshot of the primary gave them (R3), in the order asked for. */
export type Loaded<T> = {
  readonly historyId: string
  readonly seq: number
  readonly values: readonly LoadedValue<T>[]
}

export type LoadedValue<T> = {
  readonly value: T
  readonly tags: readonly string[]
  readonly bytes: number
}

/** A load and the time before it began. */
export type Timed<T> = { readonly began: number; readonly result: T }

/** How long a request has waited for parts of a log, in milliseconds; absent: it has not. */
export type Spent = { logMs?: number; loadMs?: number }

/** A log as one request reads it. */
export type LogReader = {
  readonly view: LogView
  /** `view.calls` when the request arrived: what was asked before tells a strong read nothing (R4). */
  readonly after: number
  readonly ask: AskLog
  readonly cache: Cache
  /** Loads of this log that are under way. */
  readonly flights: SingleFlight<Timed<Loaded<unknown>>>
  /** Prefix of every cache key of one history of the log; contains tenant and format (H1). */
  readonly keyPrefix: (historyId: string) => string
  readonly now: () => number
  readonly waiting: Waiting
  /** Where the times that reads wait are added up. */
  readonly spent?: Spent
}

/** How fresh an answer has to be, and what counts for it. */
export type Freshness = {
  readonly consistency: Consistency
  /** What the caller has seen of this log. */
  readonly bookmark: { readonly historyId: string; readonly seq: number } | null
  /** When the request arrived: ages count to then (R8). */
  readonly arrivedAt: number
}

/** Values that are wanted, and how fresh. */
export type Wanted = Freshness & {
  readonly kind: CacheKind
  /** Read anew each time, and not kept: what is too large, or never asked for twice. */
  readonly isUncached?: boolean
  /** Names of the values, unique in the log and stable. */
  readonly names: readonly string[]
}

export type ReadRequest<T> = Wanted & {
  readonly load: (indexes: readonly number[]) => Promise<Loaded<T>>
}

export type ReadAnswer<T> = {
  readonly values: readonly T[]
  readonly historyId: string
  /** The answer is the log's state at this seq (R1). */
  readonly seq: number
  /** What the caller has seen now (R5). */
  readonly seen: number
  /** The farthest that a value came from. */
  readonly source: Source
  /** At most so old when the request arrived. */
  readonly ageMs: number
  /** Older than asked for, since nothing fresher could be had. */
  readonly isStale: boolean
}
