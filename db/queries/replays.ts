import { type SQL, sql } from 'drizzle-orm'
import type { GraphAddress } from '../../core/log/address.ts'
import type { Database, Row } from '../client.ts'
import {
  CHECKPOINT_MOVED,
  eventsAfter,
  graphHead,
  type LogPage,
  type Reads,
  seedJson,
  toHead,
} from './checkpoints.ts'
import { NO_SUCH_ROW } from './once.ts'
import type { SeedPlace } from './seeds.ts'
import { inGraph, runRead } from './snapshot.ts'

/** A run of a consumer over a part of a log that it has read before. */
export type Replay = {
  readonly id: string
  readonly graphId: string
  readonly consumer: string
  readonly historyId: string
  readonly state: 'running' | 'done' | 'cancelled' | 'failed'
  readonly fromSeq: number
  /** `null`: until the live checkpoint is reached, whose projection it then replaces. */
  readonly toSeq: number | null
  /** The last event read. */
  readonly seq: number
  /** Version of the projection that is being built; `null`: none is. */
  readonly generation: number | null
  /** `null`: as fast as it goes. */
  readonly eventsPerSecond: number | null
  readonly attempts: number
  readonly notBefore: string | null
  readonly reason: string | null
  readonly createdAt: string
  readonly updatedAt: string
  /** As of checkpoints. */
  readonly seed: SeedPlace | null
}

export const REPLAY_COLUMNS: SQL = sql`r.id, r.graph_id, r.consumer, r.history_id, r.state, r.from_seq,
  r.to_seq, r.seq, r.generation, r.events_per_second, r.attempts, r.not_before, r.reason, r.created_at,
  r.updated_at, r.seed`

export function toReplay(row: Row): Replay {
  return {
    id: row.id as string,
    graphId: row.graph_id as string,
    consumer: row.consumer as string,
    historyId: row.history_id as string,
    state: row.state as Replay['state'],
    fromSeq: row.from_seq as number,
    toSeq: row.to_seq as number | null,
    seq: row.seq as number,
    generation: row.generation as number | null,
    eventsPerSecond: row.events_per_second as number | null,
    attempts: row.attempts as number,
    notBefore: row.not_before as string | null,
    reason: row.reason as string | null,
    createdAt: row.created_at as string,
    updatedAt: row.updated_at as string,
    seed: row.seed as SeedPlace | null,
  }
}

export type NewReplay = {
  readonly id: string
  readonly consumer: string
  readonly fromSeq: number
  readonly toSeq: number | null
  readonly eventsPerSecond: number | null
  /** Whether a projection is built beside the one there is. */
  readonly rebuilds: boolean
  /** RFC 3339, by the clock of the database. */
  readonly createdAt: string
}

/** SQLSTATE raised when a replay cannot begin. */
export const CANNOT_REPLAY = 'TDR01'

/**
 * Statements that begin a replay, or raise `CANNOT_REPLAY`: when the consumer has never read this graph,
 * or already rebuilds its projection. The lock on the checkpoint makes two that begin at once take turns,
 * so no two build one generation.
 */
export function beginReplay(graph: GraphAddress, replay: NewReplay): SQL[] {
  const isRebuilding = sql`exists (select from replays o where ${inGraph(graph, 'o')}
    and o.consumer = ${replay.consumer} and o.state = 'running' and o.generation is not null)`
  return [
    sql`select from checkpoints c where ${inGraph(graph, 'c')} and c.consumer = ${replay.consumer}
      for update`,
    sql`with begun as (
        insert into replays (tenant_id, graph_id, id, consumer, history_id, state, from_seq, to_seq,
          seq, generation, events_per_second, created_at, updated_at)
        select c.tenant_id, c.graph_id, ${replay.id}::uuid, c.consumer, c.history_id, 'running',
          ${replay.fromSeq}::bigint, ${replay.toSeq}::bigint, ${replay.fromSeq - 1}::bigint,
          case when ${replay.rebuilds}::boolean then 1 + greatest(c.generation, (
            select max(o.generation) from replays o where ${inGraph(graph, 'o')}
              and o.consumer = c.consumer)) end,
          ${replay.eventsPerSecond}::bigint, ${replay.createdAt}::timestamptz,
          ${replay.createdAt}::timestamptz
        from checkpoints c where ${inGraph(graph, 'c')} and c.consumer = ${replay.consumer}
          and not (${replay.rebuilds}::boolean and ${isRebuilding})
        returning 1
      )
      select case when exists (select from begun) then true
        else tendril_raise(${CANNOT_REPLAY}, 'it cannot be replayed now') end as ok`,
  ]
}

/** The newest first; `before` is the last one of the page before. */
export async function listReplays(
  shard: Database,
  graph: GraphAddress,
  limit: number,
  before: { readonly createdAt: string; readonly id: string } | null,
): Promise<Replay[]> {
  const older = before
    ? sql`and (r.created_at, r.id) < (${before.createdAt}::timestamptz, ${before.id}::uuid)`
    : sql``
  const [rows] = await runRead(() =>
    shard.batch(graph.tenantId, [
      sql`select ${REPLAY_COLUMNS} from replays r where ${inGraph(graph, 'r')} ${older}
        order by r.created_at desc, r.id desc limit ${limit}`,
    ]),
  )
  return (rows ?? []).map(toReplay)
}

export async function getReplay(
  shard: Database,
  graph: GraphAddress,
  id: string,
): Promise<Replay | null> {
  const [rows] = await runRead(() =>
    shard.batch(graph.tenantId, [
      sql`select ${REPLAY_COLUMNS} from replays r where ${inGraph(graph, 'r')} and r.id = ${id}::uuid`,
    ]),
  )
  return rows?.[0] ? toReplay(rows[0]) : null
}

/** Ends a replay that is running, wherever it is; raises `NO_SUCH_ROW` when none is. */
export function cancelReplay(graph: GraphAddress, id: string): SQL {
  return sql`with cancelled as (
      update replays r set state = 'cancelled', not_before = null, updated_at = now()
      where ${inGraph(graph, 'r')} and r.id = ${id}::uuid and r.state = 'running' returning 1
    )
    select case when exists (select from cancelled) then true
      else tendril_raise(${NO_SUCH_ROW}, 'there is no such replay') end as ok`
}

/** A replay and the events after it; `null`: it or its graph is gone. */
export async function readReplayPage(
  shard: Database,
  graph: GraphAddress,
  id: string,
  reads: Reads,
  limit: number,
): Promise<(Omit<LogPage, 'checkpoint'> & { readonly replay: Replay }) | null> {
  const mine = sql`${inGraph(graph, 'r')} and r.id = ${id}::uuid`
  const after = sql`(select r.seq from replays r where ${mine} and r.seed is null)`
  const [heads, replays, rows] = await shard.batch(
    graph.tenantId,
    [
      graphHead(graph),
      sql`select ${REPLAY_COLUMNS} from replays r where ${mine}`,
      eventsAfter(graph, reads, after, limit),
    ],
    { mode: 'snapshot' },
  )
  const head = heads?.[0]
  const replay = replays?.[0]
  return head && replay ? { ...toHead(head), replay: toReplay(replay), rows: rows ?? [] } : null
}

/** Moves a replay from where it was read, or raises `CHECKPOINT_MOVED`. */
export function moveReplay(
  graph: GraphAddress,
  from: Replay,
  { seq, waitMs }: { readonly seq: number; readonly waitMs: number },
): SQL {
  return casReplay(
    graph,
    from,
    sql`seq = ${seq}::bigint, attempts = 0, reason = null,
      not_before = now() + make_interval(secs => ${waitMs / 1_000}::float8)`,
  )
}

/** Lets a replay begin, or begin anew, with a seed: nothing of what it has read so far counts. */
export function beginReplaySeed(graph: GraphAddress, from: Replay, seed: SeedPlace): SQL {
  return casReplay(
    graph,
    from,
    sql`seq = 0, seed = ${seedJson(seed)}::jsonb, attempts = 0, reason = null, not_before = null`,
  )
}

/** As `moveSeed` does a checkpoint. */
export function moveReplaySeed(
  graph: GraphAddress,
  from: Replay,
  {
    seq,
    next,
    waitMs,
  }: { readonly seq: number; readonly next: SeedPlace | null; readonly waitMs: number },
): SQL {
  return casReplay(
    graph,
    from,
    sql`seq = ${next ? from.seq : seq}::bigint, seed = ${seedJson(next)}::jsonb, attempts = 0,
      reason = null, not_before = now() + make_interval(secs => ${waitMs / 1_000}::float8)`,
  )
}

export function failReplay(
  graph: GraphAddress,
  from: Replay,
  { reason, retryAfterMs }: { readonly reason: string; readonly retryAfterMs: number },
): SQL {
  return casReplay(
    graph,
    from,
    sql`attempts = attempts + 1, reason = ${reason},
      not_before = now() + make_interval(secs => ${retryAfterMs / 1_000}::float8)`,
  )
}

export function endReplay(
  graph: GraphAddress,
  from: Replay,
  state: Exclude<Replay['state'], 'running'>,
  reason: string | null = null,
  only: SQL = sql``,
): SQL {
  return casReplay(graph, from, sql`state = ${state}, reason = ${reason}, not_before = null`, only)
}

/** Ends all that rebuild a projection, of which every generation is given up. */
export function failRebuilds(graph: GraphAddress, consumer: string, reason: string): SQL {
  return sql`update replays r set state = 'failed', reason = ${reason}, not_before = null, updated_at = now()
    where ${inGraph(graph, 'r')} and r.consumer = ${consumer} and r.state = 'running'
      and r.generation is not null`
}

/**
 * Makes what a replay has built the projection that is read, unless the live one has read more: then
 * raises `CHECKPOINT_MOVED`. The live run goes on from where the replay ended.
 */
export function switchGeneration(graph: GraphAddress, replay: Replay): SQL {
  return sql`with switched as (
      update checkpoints c set generation = ${replay.generation}::bigint, seq = ${replay.seq}::bigint,
        seed = null, attempts = 0, not_before = null, reason = null, updated_at = now()
      where ${inGraph(graph, 'c')} and c.consumer = ${replay.consumer}
        and c.history_id = ${replay.historyId}::uuid and c.seq <= ${replay.seq}::bigint
        and c.generation < ${replay.generation}::bigint
      returning 1
    )
    select case when exists (select from switched) then true
      else tendril_raise(${CHECKPOINT_MOVED}, 'the live checkpoint is ahead') end as ok`
}

/**
 * Events that were set aside before a rebuild began are in what it has built, or were set aside again:
 * to take them once more would count them twice.
 */
export function forgetParkedBefore(graph: GraphAddress, replay: Replay): SQL {
  return sql`delete from parked_events p where ${inGraph(graph, 'p')}
    and p.consumer = ${replay.consumer} and p.history_id = ${replay.historyId}::uuid
    and p.seq <= ${replay.seq}::bigint and p.parked_at < ${replay.createdAt}::timestamptz`
}

function casReplay(graph: GraphAddress, from: Replay, change: SQL, only: SQL = sql``): SQL {
  return sql`with moved as (
      update replays r set ${change}, updated_at = now()
      where ${inGraph(graph, 'r')} and r.id = ${from.id}::uuid and r.state = 'running'
        and r.seq = ${from.seq}::bigint and r.attempts = ${from.attempts}::bigint
        and r.seed is not distinct from ${seedJson(from.seed)}::jsonb ${only}
      returning 1
    )
    select case when exists (select from moved) then true
      else tendril_raise(${CHECKPOINT_MOVED}, 'the replay has moved') end as ok`
}
