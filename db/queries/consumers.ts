import { type SQL, sql } from 'drizzle-orm'
import type { TenantId } from '../../core/ids.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import type { Database, Row } from '../client.ts'
import {
  CHECKPOINT_COLUMNS,
  CHECKPOINT_MOVED,
  type Checkpoint,
  eventsAfter,
  type Reads,
  toCheckpoint,
} from './checkpoints.ts'
import { NO_SUCH_ROW } from './once.ts'
import { inGraph, runRead } from './snapshot.ts'

/** How far one consumer is in one graph. */
export type ConsumerState = {
  readonly graphId: string
  readonly consumer: string
  readonly seq: number
  readonly head: number
  /** Since when the oldest event that it has not read is there; `null`: it has read all. */
  readonly oldestUnreadAt: string | null
  readonly generation: number
  readonly attempts: number
  readonly notBefore: string | null
  readonly reason: string | null
  readonly parked: number
}

/** The consumers of a tenant's graphs on one shard, or of one graph. */
export async function consumerStates(
  shard: Database,
  tenant: TenantId,
  consumers: readonly string[],
  graphId: string | null = null,
): Promise<ConsumerState[]> {
  const only = graphId ? sql`and g.id = ${graphId}::uuid` : sql``
  const [rows] = await runRead(() =>
    shard.batch(
      tenant,
      [
        sql`select g.id as graph_id, n.name as consumer, g.seq as head, coalesce(c.seq, 0) as seq,
            coalesce(c.generation, 1) as generation, coalesce(c.attempts, 0) as attempts,
            c.not_before, c.reason, (
              select v.at from events v where v.tenant_id = g.tenant_id and v.graph_id = g.id
                and v.seq = greatest(c.seq, g.floor_seq) + 1 and coalesce(c.seq, 0) < g.seq
            ) as oldest_unread_at, (
              select count(*) from parked_events p where p.tenant_id = g.tenant_id
                and p.graph_id = g.id and p.consumer = n.name and p.history_id = g.history_id
            ) as parked
          from graphs g
          cross join jsonb_array_elements_text(${JSON.stringify(consumers)}::jsonb) as n(name)
          left join checkpoints c on c.tenant_id = g.tenant_id and c.graph_id = g.id
            and c.consumer = n.name and c.history_id = g.history_id
          where g.tenant_id = ${tenant}::uuid and g.deleted_at is null ${only}
          order by g.id, n.name`,
      ],
      { mode: 'snapshot' },
    ),
  )
  return (rows ?? []).map((row) => ({
    graphId: row.graph_id as string,
    consumer: row.consumer as string,
    seq: row.seq as number,
    head: row.head as number,
    oldestUnreadAt: row.oldest_unread_at as string | null,
    generation: row.generation as number,
    attempts: row.attempts as number,
    notBefore: row.not_before as string | null,
    reason: row.reason as string | null,
    parked: row.parked as number,
  }))
}

export type ParkedEvent = {
  readonly seq: number
  readonly reason: string
  readonly attempts: number
  readonly parked_at: string
}

const parkedIn = (graph: GraphAddress, consumer: string): SQL => sql`${inGraph(graph, 'p')}
  and p.consumer = ${consumer} and p.history_id = (select g.history_id from graphs g
    where g.tenant_id = ${graph.tenantId}::uuid and g.id = ${graph.graphId}::uuid)`

/** Oldest first, after `after`. */
export async function listParked(
  shard: Database,
  graph: GraphAddress,
  consumer: string,
  after: number,
  limit: number,
): Promise<ParkedEvent[]> {
  const [rows] = await runRead(() =>
    shard.batch(graph.tenantId, [
      sql`select p.seq, p.reason, p.attempts, p.parked_at from parked_events p
        where ${parkedIn(graph, consumer)} and p.seq > ${after}::bigint order by p.seq limit ${limit}`,
    ]),
  )
  return (rows ?? []).map((row) => ({
    seq: row.seq as number,
    reason: row.reason as string,
    attempts: row.attempts as number,
    parked_at: row.parked_at as string,
  }))
}

/** Raises `NO_SUCH_ROW` when it is not there. */
export function discardParked(graph: GraphAddress, consumer: string, seq: number): SQL {
  return sql`with gone as (
      delete from parked_events p where ${parkedIn(graph, consumer)} and p.seq = ${seq}::bigint
      returning 1
    )
    select case when exists (select from gone) then true
      else tendril_raise(${NO_SUCH_ROW}, 'the event is not parked') end as ok`
}

/** A parked event, and the checkpoint it is behind; `null`: it is not parked. */
export async function readParked(
  shard: Database,
  graph: GraphAddress,
  consumer: string,
  seq: number,
  reads: Reads,
): Promise<{ readonly checkpoint: Checkpoint; readonly rows: readonly Row[] } | null> {
  const [parked, checkpoints, rows] = await runRead(() =>
    shard.batch(
      graph.tenantId,
      [
        sql`select p.seq from parked_events p where ${parkedIn(graph, consumer)}
          and p.seq = ${seq}::bigint`,
        sql`select ${CHECKPOINT_COLUMNS} from checkpoints c
          where ${inGraph(graph, 'c')} and c.consumer = ${consumer}`,
        eventsAfter(graph, reads, sql`${seq - 1}::bigint`, 1),
      ],
      { mode: 'snapshot' },
    ),
  )
  const checkpoint = checkpoints?.[0]
  if (parked?.length !== 1 || !checkpoint) return null
  return { checkpoint: toCheckpoint(checkpoint), rows: rows ?? [] }
}

/**
 * Statements that take an event from the parked ones, in one transaction with its effect: raise
 * `NO_SUCH_ROW` when somebody else has, `CHECKPOINT_MOVED` when another generation is read by now.
 */
export function unpark(
  graph: GraphAddress,
  consumer: string,
  { historyId, generation }: Checkpoint,
  seq: number,
): SQL[] {
  return [
    sql`with held as (
        select 1 from checkpoints c where ${inGraph(graph, 'c')} and c.consumer = ${consumer}
          and c.history_id = ${historyId}::uuid and c.generation = ${generation}::bigint
        for update
      )
      select case when exists (select from held) then true
        else tendril_raise(${CHECKPOINT_MOVED}, 'another generation is read') end as ok`,
    discardParked(graph, consumer, seq),
  ]
}
