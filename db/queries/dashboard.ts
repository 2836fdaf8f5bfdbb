import { type SQL, sql } from 'drizzle-orm'
import type { TenantId } from '../../core/ids.ts'
import type { Database, Row } from '../client.ts'
import { runRead } from './snapshot.ts'

/** What a graph holds of one kind, all types together. */
export type KindTotal = {
  readonly graphId: string
  readonly kind: string
  readonly count: number
  readonly bytes: number
}

/** What a tenant's graphs on a shard hold of one type. */
export type TypeTotal = {
  readonly kind: 'entity' | 'relationship'
  readonly type: string
  readonly count: number
  readonly bytes: number
}

export type HourTotal = { readonly hour: string; readonly kind: string; readonly count: number }

/** How far what is counted is behind the graphs. */
export type CountedUpTo = { readonly graphId: string; readonly seq: number; readonly head: number }

export type ShardStatistics = {
  readonly kinds: readonly KindTotal[]
  readonly types: readonly TypeTotal[]
  readonly hours: readonly HourTotal[]
  readonly countedUpTo: readonly CountedUpTo[]
}

/** Types of which an answer tells. */
const MAX_TYPES = 100

/**
 * What was counted of a tenant's graphs on one shard, or of one of them. The cost grows with the number
 * of graphs and types, never with that of records.
 */
export async function readStatistics(
  shard: Database,
  tenant: TenantId,
  { graphId, consumer, hours }: { graphId: string | null; consumer: string; hours: number },
): Promise<ShardStatistics> {
  const only = (column: SQL) => (graphId ? sql`and ${column} = ${graphId}::uuid` : sql``)
  const counted = sql`checkpoints c join graphs g on g.tenant_id = c.tenant_id and g.id = c.graph_id
    and g.deleted_at is null and g.history_id = c.history_id`
  const mine = sql`c.tenant_id = ${tenant}::uuid and c.consumer = ${consumer} ${only(sql`c.graph_id`)}`
  const statistics = sql`${counted} join graph_statistics s on s.tenant_id = c.tenant_id
    and s.graph_id = c.graph_id and s.generation = c.generation`
  const [kinds, types, activity, heads] = await runRead(() =>
    shard.batch(
      tenant,
      [
        sql`select s.graph_id, s.kind, sum(s.count)::bigint as count, sum(s.bytes)::bigint as bytes
          from ${statistics} where ${mine} group by s.graph_id, s.kind`,
        sql`select s.kind, s.type, sum(s.count)::bigint as count, sum(s.bytes)::bigint as bytes
          from ${statistics} where ${mine} and s.kind in ('entity', 'relationship')
          group by s.kind, s.type having sum(s.count) > 0
          order by sum(s.count) desc, s.kind, s.type limit ${MAX_TYPES}`,
        sql`select a.hour, a.kind, sum(a.count)::bigint as count
          from ${counted} join graph_activity a on a.tenant_id = c.tenant_id
            and a.graph_id = c.graph_id and a.generation = c.generation
          where ${mine} and a.hour > now() - make_interval(hours => ${hours}::int)
          group by a.hour, a.kind order by a.hour, a.kind`,
        sql`select g.id as graph_id, g.seq as head,
            coalesce((select c.seq from checkpoints c where c.tenant_id = g.tenant_id
              and c.graph_id = g.id and c.consumer = ${consumer} and c.history_id = g.history_id), 0) as seq
          from graphs g where g.tenant_id = ${tenant}::uuid and g.deleted_at is null
            ${only(sql`g.id`)}`,
      ],
      { mode: 'snapshot' },
    ),
  )
  return {
    kinds: (kinds ?? []).map((row) => ({ graphId: row.graph_id as string, ...totals(row) })),
    types: (types ?? []).map((row) => ({
      ...totals(row),
      kind: row.kind as TypeTotal['kind'],
      type: row.type as string,
    })),
    hours: (activity ?? []).map((row) => ({
      hour: row.hour as string,
      kind: row.kind as string,
      count: row.count as number,
    })),
    countedUpTo: (heads ?? []).map((row) => ({
      graphId: row.graph_id as string,
      seq: row.seq as number,
      head: row.head as number,
    })),
  }
}

function totals(row: Row) {
  return { kind: row.kind as string, count: row.count as number, bytes: row.bytes as number }
}
