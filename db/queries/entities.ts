import { sql } from 'drizzle-orm'
import type { Json } from '../../core/json.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import type { ListQuery, Position } from '../../core/log/list-query.ts'
import type { Entity, Neighbor } from '../../core/log/records.ts'
import type { IndexPlan } from '../../core/types/index-plan.ts'
import type { Database } from '../client.ts'
import { listStatements } from './list.ts'
import { ENTITY_COLUMNS, toEntity, toRelationship } from './rows.ts'
import { inGraph, inList, readGraph } from './snapshot.ts'

/** A value and the seq and history it was read at. */
export type ReadAt<T> = { readonly value: T; readonly seq: number; readonly historyId: string }

/** The same with the seq of the last change of the graph's types, which a plan rests on. */
export type PlannedReadAt<T> = ReadAt<T> & { readonly schemaSeq: number }

export type Page<T> = { readonly items: readonly T[]; readonly next: Position | null }

export async function getEntity(
  shard: Database,
  graph: GraphAddress,
  id: string,
): Promise<ReadAt<Entity | null>> {
  const { results, ...at } = await readGraph(shard, graph, [
    sql`select ${ENTITY_COLUMNS} from entities e where ${inGraph(graph, 'e')} and e.id = ${id}::uuid`,
  ])
  const row = results[0]?.[0]
  return { value: row ? toEntity(row) : null, ...at }
}

/** Those of the entities that exist, in no particular order. */
export async function getEntities(
  shard: Database,
  graph: GraphAddress,
  names: { readonly ids: readonly string[]; readonly externalIds: readonly string[] },
): Promise<ReadAt<Entity[]>> {
  const { results, ...at } = await readGraph(shard, graph, [
    sql`select ${ENTITY_COLUMNS} from entities e
      where ${inGraph(graph, 'e')} and e.id in ${inList(names.ids, 'uuid')}`,
    sql`select ${ENTITY_COLUMNS} from entities e
      where ${inGraph(graph, 'e')} and e.external_id in ${inList(names.externalIds, 'text')}`,
  ])
  return { value: results.flat().map(toEntity), ...at }
}

export async function listEntities(
  shard: Database,
  graph: GraphAddress,
  query: ListQuery,
  plan: IndexPlan,
): Promise<PlannedReadAt<Page<Entity>>> {
  const { results, ...at } = await readGraph(
    shard,
    graph,
    listStatements(graph, 'entities', ENTITY_COLUMNS, query, plan),
  )
  return { value: page(results.at(-1) ?? [], query.limit, toEntity), ...at }
}

/** Cuts the extra row off and says where the page ended, if it was there. */
export function page<T extends { readonly id: string }>(
  rows: readonly Readonly<Record<string, unknown>>[],
  limit: number,
  parse: (row: Readonly<Record<string, unknown>>) => T,
): Page<T> {
  const last = rows.length > limit ? rows[limit - 1] : undefined
  return {
    items: rows.slice(0, limit).map(parse),
    next: last ? { value: last.sort_value as Json, id: last.id as string } : null,
  }
}

export type NeighborQuery = {
  readonly direction: 'out' | 'in' | 'both'
  readonly type: string | null
  readonly limit: number
  /** Relationship type and created seq of the last neighbour of the page before. */
  readonly after: { readonly type: string; readonly seq: number } | null
}

/**
 * The neighbours of an entity, ordered by relationship type and then age: the order of the adjacency
 * indexes. A self-loop counts once, as `out`, unless only `in` is asked for. `null`: no such entity.
 */
export async function listNeighbors(
  shard: Database,
  graph: GraphAddress,
  id: string,
  query: NeighborQuery,
): Promise<ReadAt<{ items: Neighbor[]; next: NeighborQuery['after'] } | null>> {
  const side = (direction: 'out' | 'in') => {
    const [near, far] = direction === 'out' ? ['from_id', 'to_id'] : ['to_id', 'from_id']
    return sql`(select ${direction} as direction, r.*, r.${sql.raw(far)} as other from relationships r
      where ${inGraph(graph, 'r')} and r.${sql.raw(near)} = ${id}::uuid
      ${direction === 'in' && query.direction === 'both' ? sql`and r.from_id <> r.to_id` : sql``}
      ${query.type === null ? sql`` : sql`and r.type = ${query.type}`}
      ${query.after ? sql`and (r.type, r.created_seq) > (${query.after.type}, ${query.after.seq}::bigint)` : sql``}
      order by r.type, r.created_seq limit ${query.limit + 1})`
  }
  const sides =
    query.direction === 'both' ? sql`${side('out')} union all ${side('in')}` : side(query.direction)
  const { results, ...at } = await readGraph(shard, graph, [
    sql`select 1 from entities e where ${inGraph(graph, 'e')} and e.id = ${id}::uuid`,
    sql`select a.direction, a.id, a.type, a.from_id, a.to_id, a.external_id, a.properties, a.version,
        a.created_at, a.updated_at, a.created_seq,
        jsonb_build_object('id', e.id, 'type', e.type, 'external_id', e.external_id, 'name', e.name,
          'latitude', e.latitude, 'longitude', e.longitude, 'properties', e.properties,
          'version', e.version, 'created_at', e.created_at, 'updated_at', e.updated_at) as entity
      from (${sides}) a join entities e on ${inGraph(graph, 'e')} and e.id = a.other
      order by a.type, a.created_seq limit ${query.limit + 1}`,
  ])
  if (results[0]?.length === 0) return { value: null, ...at }
  const rows = results[1] ?? []
  const last = rows.length > query.limit ? rows[query.limit - 1] : undefined
  return {
    value: {
      items: rows.slice(0, query.limit).map(
        (row): Neighbor => ({
          direction: row.direction as 'out' | 'in',
          relationship: toRelationship(row),
          entity: toEntity(withTimes(row.entity as Readonly<Record<string, unknown>>)),
        }),
      ),
      next: last ? { type: last.type as string, seq: last.created_seq as number } : null,
    },
    ...at,
  }
}

/** Times inside JSON come in PostgreSQL's form. */
function withTimes(row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return {
    ...row,
    created_at: new Date(row.created_at as string).toISOString(),
    updated_at: new Date(row.updated_at as string).toISOString(),
  }
}
