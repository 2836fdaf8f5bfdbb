import type { LogEvent } from '../core/log/parse-event.ts'
import type { Database, Row } from '../db/client.ts'
import { readSeedPage, type SeedKind, type SeedPlace, type SeedRows } from '../db/queries/seeds.ts'
import {
  type Consumer,
  type EffectPlace,
  type ImagedRecord,
  type PreparedPage,
  type Seed,
  type SizedEvent,
  type SizedRecord,
  toLogEvent,
  toSizedEvent,
} from './consumer.ts'
import { PermanentFailure } from './failures.ts'

/** A page of a seed ready to be worked on, and where the next begins. */
export type PreparedSeed = Omit<PreparedPage, 'lastSeq'> & Pick<SeedRows, 'next'>

/**
 * Reads a page of a seed as the consumer wants it; `null`: the log, or the graph, is no longer as it
 * was. Throws for a consumer that takes no seeds, and a `PoisonEvent` for an event of an unknown form.
 */
export async function prepareSeed(
  shard: Database,
  consumer: Consumer,
  place: EffectPlace,
  from: SeedPlace,
  limit: number,
): Promise<PreparedSeed | null> {
  const { graph, historyId } = place
  const rows = await readSeedPage(shard, graph, historyId, consumer.reads, from, limit)
  if (!rows) return null
  return consumer.reads === 'sizes'
    ? prepared(consumer.seed, place, from, rows, sizedRecords(rows))
    : prepared(consumer.seed, place, from, rows, imagedRecords(rows))
}

function prepared<R>(
  seed: Seed<R> | null,
  place: EffectPlace,
  { seq }: SeedPlace,
  { next }: SeedRows,
  records: readonly R[],
): PreparedSeed {
  if (!seed) throw new PermanentFailure('the consumer takes no seeds')
  const part = { seq, records, isLast: next === null }
  return {
    count: records.length,
    next,
    deliver: async () => seed.deliver?.(place, part),
    effect: () => seed.effect(place, part),
  }
}

function sizedRecords({ kind, present, changed }: SeedRows): SizedRecord[] {
  return [
    ...present.map((row) => ({
      ...named(kind, row),
      typeKind: row.type_kind as string | null,
      bytes: row.bytes as number,
    })),
    ...changed.map(toSizedEvent).map((event) => ({
      ...subjectOf(kind, event),
      typeKind: event.typeKind,
      bytes: event.beforeBytes ?? 0,
    })),
  ]
}

function imagedRecords({ kind, present, changed }: SeedRows): ImagedRecord[] {
  return [
    ...present.map((row) => ({
      ...named(kind, row),
      fromId: row.from_id as string | null,
      toId: row.to_id as string | null,
      image: row.image,
    })),
    ...changed.map(toLogEvent).map((event) => ({
      ...subjectOf(kind, event),
      fromId: event.fromId,
      toId: event.toId,
      image: event.before,
    })),
  ]
}

function named(kind: SeedKind, row: Row) {
  return { kind, id: row.id as string | null, type: row.type as string }
}

function subjectOf(kind: SeedKind, { seq, subjectId: id, type }: LogEvent | SizedEvent) {
  if (type === null) throw new PermanentFailure(`event ${seq} names no type`)
  return { kind, id, type }
}
