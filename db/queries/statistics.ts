import { type SQL, sql } from 'drizzle-orm'
import type { GraphAddress } from '../../core/log/address.ts'
import { inGraph } from './snapshot.ts'

/** How much a run of events adds to what a graph has of a type; negative where it takes away. */
export type StatisticsDelta = {
  readonly kind: 'entity' | 'relationship' | 'type' | 'event'
  readonly type: string
  readonly count: number
  readonly bytes: number
}

/** How many events of a kind an hour has. */
export type ActivityDelta = {
  /** Beginning of the hour, RFC 3339 in UTC. */
  readonly hour: string
  readonly kind: string
  readonly count: number
}

export function addStatistics(
  graph: GraphAddress,
  generation: number,
  deltas: readonly StatisticsDelta[],
): SQL {
  return sql`insert into graph_statistics as s (tenant_id, graph_id, generation, kind, type, count, bytes)
    select ${graph.tenantId}::uuid, ${graph.graphId}::uuid, ${generation}::bigint, d.*
    from jsonb_to_recordset(${JSON.stringify(deltas)}::jsonb) as d(kind text, type text, count bigint, bytes bigint)
    on conflict (tenant_id, graph_id, generation, kind, type)
    do update set count = s.count + excluded.count, bytes = s.bytes + excluded.bytes`
}

export function addActivity(
  graph: GraphAddress,
  generation: number,
  deltas: readonly ActivityDelta[],
): SQL {
  return sql`insert into graph_activity as a (tenant_id, graph_id, generation, hour, kind, count)
    select ${graph.tenantId}::uuid, ${graph.graphId}::uuid, ${generation}::bigint, d.*
    from jsonb_to_recordset(${JSON.stringify(deltas)}::jsonb) as d(hour timestamptz, kind text, count bigint)
    on conflict (tenant_id, graph_id, generation, hour, kind)
    do update set count = a.count + excluded.count`
}

/** Removes what other generations than these have counted. */
export function keepOnlyGenerations(
  graph: GraphAddress,
  generations: readonly number[],
): readonly SQL[] {
  const kept = sql`(select value::bigint from jsonb_array_elements_text(${JSON.stringify(generations)}::jsonb) as value)`
  return [
    sql`delete from graph_statistics s where ${inGraph(graph, 's')} and s.generation not in ${kept}`,
    sql`delete from graph_activity a where ${inGraph(graph, 'a')} and a.generation not in ${kept}`,
  ]
}

export function discardGeneration(graph: GraphAddress, generation: number): readonly SQL[] {
  return [
    sql`delete from graph_statistics s where ${inGraph(graph, 's')} and s.generation = ${generation}::bigint`,
    sql`delete from graph_activity a where ${inGraph(graph, 'a')} and a.generation = ${generation}::bigint`,
  ]
}
