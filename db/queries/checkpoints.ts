import { type SQL, sql } from 'drizzle-orm'
import type { GraphAddress } from '../../core/log/address.ts'
import type { EventHead } from '../../core/log/parse-event.ts'
import type { Database, Row } from '../client.ts'
import type { SeedPlace } from './seeds.ts'
import { inGraph, runRead } from './snapshot.ts'

/** SQLSTATE raised when a checkpoint, or a replay, is no longer where it was read. */
export const CHECKPOINT_MOVED = 'TDK01'

/** Where a consumer stands in a graph's log. */
export type Checkpoint = {
  readonly historyId: string
  /** The last event whose effect is written. */
  readonly seq: number
  /** Of its projection, the version that is kept up to date. */
  readonly generation: number
  /** How often the next event has failed in a row. */
  readonly attempts: number
  /** RFC 3339; no attempt before. */
  readonly notBefore: string | null
  /** What of the graph's records is still to be taken before the first event; `null`: nothing. */
  readonly seed: SeedPlace | null
}

export const CHECKPOINT_COLUMNS: SQL = sql`c.history_id, c.seq, c.generation, c.attempts, c.not_before,
  c.seed`

/** A graph's log as one consumer finds it, all of one snapshot. */
export type LogPage = {
  readonly historyId: string
  readonly head: number
  /** Events at or below it are no longer kept. */
  readonly floorSeq: number
  /** Of the database: clocks of several machines are never compared. */
  readonly now: string
  /** `null`: the consumer has never read this graph. */
  readonly checkpoint: Checkpoint | null
  /** Rows after the checkpoint, oldest first. */
  readonly rows: readonly Row[]
}

/** What a consumer reads of each event besides its head. */
export type Reads = 'sizes' | 'images'

const HEAD: SQL = sql`v.seq, v.at, v.kind, v.schema_version, v.subject_id, v.type, v.from_id, v.to_id,
  v.external_id, v.actor, v.request_id`

/** UTF-8 bytes of what a client has put into a record or a type; of an erased one, had. */
const contentBytes = (image: 'before' | 'after') => {
  const column = sql.raw(`v.${image}`)
  return sql`case when ${column} is not null then
    coalesce((${column} ->> 'erased_bytes')::int, octet_length(${column} ->> 'properties'), octet_length(${column} ->> 'json_schema'), 0)
      + coalesce(octet_length(${column} ->> 'name'), 0)
      + coalesce(octet_length(${column} ->> 'external_id'), 0) end`
}

/** All that `eventColumns` are made of. */
export const EVENT_FIELDS: SQL = sql`${HEAD}, v.before, v.after`

const COLUMNS: Readonly<Record<Reads, SQL>> = {
  images: EVENT_FIELDS,
  sizes: sql`${HEAD}, ${contentBytes('before')} as before_bytes, ${contentBytes('after')} as after_bytes,
    coalesce(pg_column_size(v.before), 0) + coalesce(pg_column_size(v.after), 0) as log_bytes,
    coalesce(v.after, v.before) ->> 'kind' as type_kind`,
}

/** What is read of an event `v`. */
export const eventColumns = (reads: Reads): SQL => COLUMNS[reads]

/** Events after `after`, which is a parameter or a subquery; none when it is null. */
export function eventsAfter(graph: GraphAddress, reads: Reads, after: SQL, limit: number): SQL {
  return sql`select ${COLUMNS[reads]} from events v
    where ${inGraph(graph, 'v')} and v.seq > ${after} order by v.seq limit ${limit}`
}

const mine = (graph: GraphAddress, consumer: string, alias: string): SQL =>
  sql`${inGraph(graph, alias)} and ${sql.raw(alias)}.consumer = ${consumer}`

/** `null`: the graph is gone from this place. Rejects with a `DatabaseError`. */
export async function readPage(
  shard: Database,
  graph: GraphAddress,
  consumer: string,
  reads: Reads,
  limit: number,
): Promise<LogPage | null> {
  const after = sql`(select c.seq from checkpoints c where ${mine(graph, consumer, 'c')} and c.seed is null)`
  const [heads, checkpoints, rows] = await shard.batch(
    graph.tenantId,
    [
      graphHead(graph),
      sql`select ${CHECKPOINT_COLUMNS} from checkpoints c where ${mine(graph, consumer, 'c')}`,
      eventsAfter(graph, reads, after, limit),
    ],
    { mode: 'snapshot' },
  )
  const head = heads?.[0]
  if (!head) return null
  const row = checkpoints?.[0]
  return { ...toHead(head), checkpoint: row ? toCheckpoint(row) : null, rows: rows ?? [] }
}

/** A graph's log as it stands; `null`: the graph is gone from this place. */
export async function readHead(
  shard: Database,
  graph: GraphAddress,
): Promise<Omit<LogPage, 'checkpoint' | 'rows'> | null> {
  const [rows] = await runRead(() => shard.batch(graph.tenantId, [graphHead(graph)]))
  return rows?.[0] ? toHead(rows[0]) : null
}

/** No row when the graph is gone from this place. */
export function graphHead(graph: GraphAddress): SQL {
  return sql`select seq, history_id, floor_seq, now() as now from graphs
    where tenant_id = ${graph.tenantId}::uuid and id = ${graph.graphId}::uuid
      and epoch = ${graph.epoch}::bigint and deleted_at is null`
}

export function toHead(row: Row): Omit<LogPage, 'checkpoint' | 'rows'> {
  return {
    historyId: row.history_id as string,
    head: row.seq as number,
    floorSeq: row.floor_seq as number,
    now: row.now as string,
  }
}

export function toCheckpoint(row: Row): Checkpoint {
  return {
    historyId: row.history_id as string,
    seq: row.seq as number,
    generation: row.generation as number,
    attempts: row.attempts as number,
    notBefore: row.not_before as string | null,
    seed: row.seed as SeedPlace | null,
  }
}

export function toEventHead(row: Row): EventHead {
  return {
    seq: row.seq as number,
    at: row.at as string,
    kind: row.kind as string,
    schemaVersion: row.schema_version as number | null,
    subjectId: row.subject_id as string | null,
    type: row.type as string | null,
    fromId: row.from_id as string | null,
    toId: row.to_id as string | null,
    externalId: row.external_id as string | null,
    actor: row.actor as string,
    requestId: row.request_id as string,
  }
}

/** The first checkpoint of a consumer; nothing where another run has made it. */
export function beginCheckpoint(
  graph: GraphAddress,
  consumer: string,
  { historyId, seq, seed }: Pick<Checkpoint, 'historyId' | 'seq' | 'seed'>,
): SQL {
  return sql`insert into checkpoints (tenant_id, graph_id, consumer, history_id, seq, seed, updated_at)
    values (${graph.tenantId}::uuid, ${graph.graphId}::uuid, ${consumer}, ${historyId}::uuid,
      ${seq}::bigint, ${seedJson(seed)}::jsonb, now()) on conflict do nothing`
}

/** As a parameter. */
export function seedJson(seed: SeedPlace | null): string | null {
  return seed && JSON.stringify(seed)
}

/**
 * Moves a checkpoint from where it was read, or raises `CHECKPOINT_MOVED` (K1): the first statement of
 * the transaction with the effect. Its row lock makes a rival wait, and then raise.
 */
export function moveCheckpoint(
  graph: GraphAddress,
  consumer: string,
  from: Checkpoint,
  to: { readonly seq: number },
): SQL {
  return casCheckpoint(
    graph,
    consumer,
    from,
    sql`seq = ${to.seq}::bigint, attempts = 0,
    not_before = null, reason = null, updated_at = now()`,
  )
}

/** The same within a seed or, at its end, to the seq that the seed is of. */
export function moveSeed(
  graph: GraphAddress,
  consumer: string,
  from: Checkpoint,
  { seq, next }: { readonly seq: number; readonly next: SeedPlace | null },
): SQL {
  return casCheckpoint(
    graph,
    consumer,
    from,
    sql`seq = ${next ? from.seq : seq}::bigint, seed = ${seedJson(next)}::jsonb, attempts = 0,
    not_before = null, reason = null, updated_at = now()`,
  )
}

/** Whether the log is still kept from there on. */
export function floorIs(graph: GraphAddress, seq: number): SQL {
  return sql`exists (select from graphs g where g.tenant_id = ${graph.tenantId}::uuid
    and g.id = ${graph.graphId}::uuid and g.floor_seq = ${seq}::bigint)`
}

/** Notes that the event after the checkpoint has failed once more, and when to try again. */
export function failCheckpoint(
  graph: GraphAddress,
  consumer: string,
  from: Checkpoint,
  { reason, retryAfterMs }: { readonly reason: string; readonly retryAfterMs: number },
): SQL {
  return casCheckpoint(
    graph,
    consumer,
    from,
    sql`attempts = attempts + 1, reason = ${reason},
    not_before = now() + make_interval(secs => ${retryAfterMs / 1_000}::float8), updated_at = now()`,
  )
}

/**
 * Begins anew, in another history of the graph (H1) or after a part of the log that was dropped
 * unread, with a generation that nothing was written to.
 */
export function restartCheckpoint(
  graph: GraphAddress,
  consumer: string,
  from: Checkpoint,
  to: Pick<Checkpoint, 'historyId' | 'seq' | 'seed'>,
): SQL {
  return casCheckpoint(
    graph,
    consumer,
    from,
    sql`history_id = ${to.historyId}::uuid, seq = ${to.seq}::bigint,
    seed = ${seedJson(to.seed)}::jsonb, generation = 1 + greatest(
      generation, (select max(r.generation) from replays r where ${mine(graph, consumer, 'r')})),
    attempts = 0, not_before = null, reason = null, updated_at = now()`,
  )
}

function casCheckpoint(graph: GraphAddress, consumer: string, from: Checkpoint, change: SQL): SQL {
  return sql`with moved as (
      update checkpoints c set ${change}
      where ${mine(graph, consumer, 'c')} and c.history_id = ${from.historyId}::uuid
        and c.seq = ${from.seq}::bigint and c.generation = ${from.generation}::bigint
        and c.attempts = ${from.attempts}::bigint
        and c.seed is not distinct from ${seedJson(from.seed)}::jsonb
      returning 1
    )
    select case when exists (select from moved) then true
      else tendril_raise(${CHECKPOINT_MOVED}, 'the checkpoint has moved') end as ok`
}

/** Before a consumer begins anew: what it had set aside comes again, or is in what it begins with. */
export function forgetParked(graph: GraphAddress, consumer: string): SQL {
  return sql`delete from parked_events p where ${mine(graph, consumer, 'p')}`
}

/** Sets an event aside, for people to look at. */
export function parkEvent(
  graph: GraphAddress,
  consumer: string,
  { historyId, attempts }: Pick<Checkpoint, 'historyId' | 'attempts'>,
  { seq, reason }: { readonly seq: number; readonly reason: string },
): SQL {
  return sql`insert into parked_events (tenant_id, graph_id, consumer, history_id, seq, reason,
      attempts, parked_at)
    values (${graph.tenantId}::uuid, ${graph.graphId}::uuid, ${consumer}, ${historyId}::uuid,
      ${seq}::bigint, ${reason}, ${attempts + 1}::bigint, now())
    on conflict (tenant_id, graph_id, consumer, history_id, seq) do update set
      reason = excluded.reason, attempts = parked_events.attempts + excluded.attempts,
      parked_at = excluded.parked_at`
}
