import { type SQL, sql } from 'drizzle-orm'
import type { GraphAddress } from '../../core/log/address.ts'
import type { Database, Row } from '../client.ts'
import {
  CHECKPOINT_MOVED,
  eventsAfter,
  graphHead,
  type LogPage,
  type Reads,
  toHead,
} from './checkpoints.ts'
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
}

export const REPLAY_COLUMNS: SQL = sql`r.id, r.graph_id, r.consumer, r.history_id, r.state, r.from_seq,
  r.to_seq, r.seq, r.generation, r.events_per_second, r.attempts, r.not_before, r.reason, r.created_at,
  r.updated_at`

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
}

/**
 * Begins a replay. `null`: the consumer has never read this graph, or already rebuilds it. The lock on
 * the checkpoint makes two that begin at once take turns, so no two build one generation.
 */
export async function beginReplay(
  shard: Database,
  graph: GraphAddress,
  replay: NewReplay,
): Promise<Replay | null> {
  const isRebuilding = sql`exists (select from replays o where ${inGraph(graph, 'o')}
    and o.consumer = ${replay.consumer} and o.state = 'running' and o.generation is not null)`
  const [, rows] = await runRead(() =>
    shard.batch(graph.tenantId, [
      sql`select from checkpoints c where ${inGraph(graph, 'c')} and c.consumer = ${replay.consumer}
        for update`,
      sql`insert into replays as r (tenant_id, graph_id, id, consumer, history_id, state, from_seq,
          to_seq, seq, generation, events_per_second, created_at, updated_at)
        select c.tenant_id, c.graph_id, ${replay.id}::uuid, c.consumer, c.history_id, 'running',
          ${replay.fromSeq}::bigint, ${replay.toSeq}::bigint, ${replay.fromSeq - 1}::bigint,
          case when ${replay.rebuilds}::boolean then 1 + greatest(c.generation, (
            select max(o.generation) from replays o where ${inGraph(graph, 'o')}
              and o.consumer = c.consumer)) end,
          ${replay.eventsPerSecond}::bigint, now(), now()
        from checkpoints c where ${inGraph(graph, 'c')} and c.consumer = ${replay.consumer}
          and not (${replay.rebuilds}::boolean and ${isRebuilding})
        on conflict do nothing
        returning ${REPLAY_COLUMNS}`,
    ]),
  )
  const row = rows?.[0]
  return row ? toReplay(row) : null
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
  const after = sql`(select r.seq from replays r where ${mine})`
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
): SQL {
  return casReplay(graph, from, sql`state = ${state}, reason = ${reason}, not_before = null`)
}

/**
 * Makes what a replay has built the projection that is read, unless the live one has read more: then
 * raises `CHECKPOINT_MOVED`. The live run goes on from where the replay ended.
 */
export function switchGeneration(graph: GraphAddress, replay: Replay): SQL {
  return sql`with switched as (
      update checkpoints c set generation = ${replay.generation}::bigint, seq = ${replay.seq}::bigint,
        attempts = 0, not_before = null, reason = null, updated_at = now()
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

function casReplay(graph: GraphAddress, from: Replay, change: SQL): SQL {
  return sql`with moved as (
      update replays r set ${change}, updated_at = now()
      where ${inGraph(graph, 'r')} and r.id = ${from.id}::uuid and r.state = 'running'
        and r.seq = ${from.seq}::bigint and r.attempts = ${from.attempts}::bigint
      returning 1
    )
    select case when exists (select from moved) then true
      else tendril_raise(${CHECKPOINT_MOVED}, 'the replay has moved') end as ok`
}
