import type { SQL } from 'drizzle-orm'
import type { GraphAddress } from '../core/log/address.ts'
import { checkHead, type EventHead, type LogEvent, parseEvent } from '../core/log/parse-event.ts'
import type { Row } from '../db/client.ts'
import { toEventHead } from '../db/queries/checkpoints.ts'
import type { SeedKind } from '../db/queries/seeds.ts'

/** An event without its images, but with their sizes. */
export type SizedEvent = EventHead & {
  /** UTF-8 bytes of what a client has put into the record; `null` where there was none. */
  readonly beforeBytes: number | null
  readonly afterBytes: number | null
  /** Bytes of the images as the log stores them. */
  readonly logBytes: number
  /** Of an event of a type: `entity` or `relationship`. */
  readonly typeKind: string | null
}

/** A record or a type without its content, but with its size. */
export type SizedRecord = {
  readonly kind: SeedKind
  /** Of a type: `null`. */
  readonly id: string | null
  /** Of a type: its name. */
  readonly type: string
  /** As of events. */
  readonly typeKind: string | null
  /** UTF-8 bytes of what a client has put into it, or had, if it was erased since. */
  readonly bytes: number
}

/** A record or a type as it was: `image` has the newest form of the events that leave it so. */
export type ImagedRecord = Pick<SizedRecord, 'kind' | 'id' | 'type'> & {
  readonly fromId: string | null
  readonly toId: string | null
  readonly image: unknown
}

/** For which part of a log an effect is. */
export type EffectPlace = {
  readonly graph: GraphAddress
  readonly historyId: string
  /** Version of the projection to write to. */
  readonly generation: number
  /** Whether the events are read again, and others may have been told of them. */
  readonly isReplay: boolean
}

/**
 * A reader of graphs' logs. `effect` says what a run of events does in the graph's database: statements
 * of one transaction with the checkpoint, so they happen once. What leaves that database is done by
 * `deliver` before, perhaps more than once: it has to be idempotent by consumer, graph, history and seq.
 * Either may throw for an event that it cannot take: see `classOf`.
 */
export type Consumer = {
  /** Stable: it names the checkpoints. */
  readonly name: string
  /** Events of one transaction. */
  readonly pageEvents: number
  /** Only for consumers that keep a projection, of which several versions may stand side by side. */
  readonly projection: Projection | null
} & (ReadsSizes | ReadsImages)

type ReadsSizes = { readonly reads: 'sizes' } & Works<SizedEvent, SizedRecord>
type ReadsImages = { readonly reads: 'images' } & Works<LogEvent, ImagedRecord>

type Works<E, R> = {
  readonly effect: (place: EffectPlace, events: readonly E[]) => readonly SQL[]
  readonly deliver?: (place: EffectPlace, events: readonly E[]) => Promise<void>
  /**
   * What it makes of the records that a graph held just before the oldest event that is kept, where its
   * log does not begin at 1. `null`: it needs no state, and begins with that event.
   */
  readonly seed: Seed<R> | null
}

/** `deliver` has to be idempotent by consumer, graph, history and `seq`, kind and id of the record. */
export type Seed<R> = {
  readonly effect: (place: EffectPlace, page: SeedPart<R>) => readonly SQL[]
  readonly deliver?: (place: EffectPlace, page: SeedPart<R>) => Promise<void>
}

export type SeedPart<R> = {
  /** The last seq that is no longer kept: the records are as they were then. */
  readonly seq: number
  readonly records: readonly R[]
  /** Whether the events follow. */
  readonly isLast: boolean
}

export type Projection = {
  /** Removes what belongs to other generations than those. */
  readonly keepOnly: (graph: GraphAddress, generations: readonly number[]) => readonly SQL[]
  /** Removes what belongs to that generation. */
  readonly discard: (graph: GraphAddress, generation: number) => readonly SQL[]
}

/** A page ready to be worked on: what the consumer would do, and the last seq of it. */
export type PreparedPage = {
  readonly count: number
  readonly lastSeq: number
  deliver(): Promise<void>
  effect(): readonly SQL[]
}

/**
 * Reads rows as the consumer wants them. Rows from the first that is no event of a known form on are
 * left out; is it the very first, the `PoisonEvent` is thrown.
 */
export function preparePage(
  consumer: Consumer,
  place: EffectPlace,
  rows: readonly Row[],
): PreparedPage {
  return consumer.reads === 'sizes'
    ? prepared(consumer, place, parseLeading(rows, toSizedEvent))
    : prepared(consumer, place, parseLeading(rows, toLogEvent))
}

function prepared<E extends EventHead>(
  { deliver, effect }: Pick<Works<E, never>, 'deliver' | 'effect'>,
  place: EffectPlace,
  events: readonly E[],
): PreparedPage {
  return {
    count: events.length,
    lastSeq: events.at(-1)?.seq ?? 0,
    deliver: async () => deliver?.(place, events),
    effect: () => effect(place, events),
  }
}

function parseLeading<E>(rows: readonly Row[], parse: (row: Row) => E): E[] {
  const events: E[] = []
  for (const row of rows) {
    try {
      events.push(parse(row))
    } catch (error) {
      if (events.length === 0) throw error
      break
    }
  }
  return events
}

/** Throws a `PoisonEvent`. */
export function toSizedEvent(row: Row): SizedEvent {
  return checkHead({
    ...toEventHead(row),
    beforeBytes: row.before_bytes as number | null,
    afterBytes: row.after_bytes as number | null,
    logBytes: row.log_bytes as number,
    typeKind: row.type_kind as string | null,
  })
}

/** Throws a `PoisonEvent`. */
export function toLogEvent(row: Row): LogEvent {
  return parseEvent({ ...toEventHead(row), before: row.before, after: row.after })
}
