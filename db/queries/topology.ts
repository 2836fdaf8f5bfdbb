import { type SQL, sql } from 'drizzle-orm'
import type { GraphAddress } from '../../core/log/address.ts'
import type { Database, Row } from '../client.ts'
import { inGraph, readGraph, type Snapshot } from './snapshot.ts'

/** Entities or relationships that one page of a build has at most: about 3 MB of JSON. */
export const TOPOLOGY_PAGE_ROWS = 20_000

export type EntityRow = readonly [id: string, type: string]

export type RelationshipRow = readonly [
  createdSeq: number,
  type: string,
  from: string,
  to: string,
  /** What the weight property holds; `null` without one. */
  weight: unknown,
]

/** A page of a graph as it was at a seq, and where the next one begins; `null`: it was the last. */
export type TopologyPage<T, Position> = Omit<Snapshot, 'results'> & {
  readonly rows: readonly T[]
  readonly next: Position | null
}

type PageOf<Position> = { readonly seq: number; readonly after: Position; readonly limit: number }

export const BEFORE_ALL_IDS = '00000000-0000-0000-0000-000000000000'

/**
 * Entities by id as they were at `seq`: from their table those that have not changed since, from the
 * first later event of each of the others what it was before.
 */
export async function entityPage(
  shard: Database,
  graph: GraphAddress,
  { seq, after, limit }: PageOf<string>,
): Promise<TopologyPage<EntityRow, string>> {
  const { results, ...at } = await readGraph(shard, graph, [
    sql`select coalesce(json_agg(json_build_array(id, type) order by id), '[]') as rows
      from (select id, type from (
        (select e.id, e.type from entities e where ${inGraph(graph, 'e')} and e.id > ${after}::uuid
          and e.version <= ${seq}::bigint order by e.id limit ${limit})
        union all
        (select id, type from (
          select distinct on (v.subject_id) v.subject_id as id, v.type, v.kind from events v
          where ${inGraph(graph, 'v')} and v.seq > ${seq}::bigint and v.subject_id > ${after}::uuid
            and starts_with(v.kind, 'entity.')
          order by v.subject_id, v.seq) changed
          where kind <> 'entity.created' order by id limit ${limit})
      ) either order by id limit ${limit}) page`,
  ])
  const rows = rowsOf<EntityRow>(results[0])
  return { ...at, rows, next: rows.length < limit ? null : (rows.at(-1)?.[0] ?? null) }
}

/**
 * Relationships by `created_seq` as they were at `seq`. Those deleted since are found by the events
 * that created them, whose seq is their name. `weightKeys` is the path of the weight property.
 */
export async function relationshipPage(
  shard: Database,
  graph: GraphAddress,
  { seq, after, limit }: PageOf<number>,
  weightKeys: readonly string[] | null,
): Promise<TopologyPage<RelationshipRow, number>> {
  const { results, ...at } = await readGraph(shard, graph, [
    sql`with changed as materialized (
        select * from (
          select distinct on (v.subject_id) v.subject_id, v.kind, v.type, v.from_id, v.to_id,
            ${weightOf('v.before', weightKeys)} as weight
          from events v where ${inGraph(graph, 'v')} and v.seq > ${seq}::bigint
            and starts_with(v.kind, 'relationship.')
          order by v.subject_id, v.seq) first where kind <> 'relationship.created')
      select coalesce(json_agg(json_build_array(created_seq, type, from_id, to_id, weight)
          order by created_seq), '[]') as rows
      from (select * from (
        (select r.created_seq, r.type, r.from_id, r.to_id, ${weightOf('r', weightKeys)} as weight
          from relationships r where ${inGraph(graph, 'r')} and r.version <= ${seq}::bigint
            and r.created_seq > ${after}::bigint order by r.created_seq limit ${limit})
        union all
        (select created.seq, c.type, c.from_id, c.to_id, c.weight
          from changed c cross join lateral (
            select o.seq from events o where ${inGraph(graph, 'o')} and o.subject_id = c.subject_id
              and o.seq <= ${seq}::bigint and o.kind = 'relationship.created'
            order by o.seq desc limit 1) created
          where created.seq > ${after}::bigint order by created.seq limit ${limit})
      ) either order by created_seq limit ${limit}) page`,
  ])
  const rows = rowsOf<RelationshipRow>(results[0])
  return { ...at, rows, next: rows.length < limit ? null : (rows.at(-1)?.[0] ?? null) }
}

/** One change of a graph's topology; `createdSeq` names the relationship. */
export type TopologyEvent = {
  readonly seq: number
  readonly kind:
    | 'entity.created'
    | 'entity.deleted'
    | 'relationship.created'
    | 'relationship.updated'
    | 'relationship.deleted'
  readonly id: string
  readonly type: string
  readonly fromId: string | null
  readonly toId: string | null
  /** `null` for entities, and for a relationship that was created below the retained floor. */
  readonly createdSeq: number | null
  readonly weight: unknown
}

export type TopologyEvents = Omit<Snapshot, 'results'> & {
  /** The oldest first; one more than `limit` says that there are more. */
  readonly events: readonly TopologyEvent[]
  /** Rows of the statements given along, from the same snapshot. */
  readonly others: readonly (readonly Row[])[]
}

/**
 * What changed in a graph's topology after `after`, and where its log ends, in one snapshot with
 * `others`. Changes of relationships are of interest only to a topology with weights.
 */
export async function topologyEvents(
  shard: Database,
  graph: GraphAddress,
  { after, limit }: { readonly after: number; readonly limit: number },
  weightKeys: readonly string[] | null,
  others: readonly SQL[] = [],
): Promise<TopologyEvents> {
  const updated = weightKeys ? sql`'relationship.updated',` : sql``
  const { results, ...at } = await readGraph(shard, graph, [
    sql`select coalesce(json_agg(json_build_array(v.seq, v.kind, v.subject_id, v.type, v.from_id,
          v.to_id, v.created_seq, v.weight) order by v.seq), '[]') as rows
      from (select v.seq, v.kind, v.subject_id, v.type, v.from_id, v.to_id,
          ${weightOf('v.after', weightKeys)} as weight,
          case when v.kind = 'relationship.created' then v.seq
            when v.kind in ('relationship.updated', 'relationship.deleted') then (
              select o.seq from events o where ${inGraph(graph, 'o')}
                and o.subject_id = v.subject_id and o.seq < v.seq and o.kind = 'relationship.created'
              order by o.seq desc limit 1)
          end as created_seq
        from events v where ${inGraph(graph, 'v')} and v.seq > ${after}::bigint
          and v.kind in (${updated} 'entity.created', 'entity.deleted', 'relationship.created',
            'relationship.deleted')
        order by v.seq limit ${limit + 1}) v`,
    ...others,
  ])
  const [own, ...rest] = results
  const rows = rowsOf<readonly unknown[]>(own)
  return { ...at, events: rows.map(toEvent), others: rest }
}

function toEvent(row: readonly unknown[]): TopologyEvent {
  const [seq, kind, id, type, fromId, toId, createdSeq, weight] = row
  return {
    seq: Number(seq),
    kind: kind as TopologyEvent['kind'],
    id: String(id),
    type: String(type),
    fromId: fromId as string | null,
    toId: toId as string | null,
    createdSeq: createdSeq as number | null,
    weight,
  }
}

/** The weight property of a row or of an event's image. */
function weightOf(source: 'r' | 'v.before' | 'v.after', keys: readonly string[] | null): SQL {
  if (keys === null) return sql`null::jsonb`
  const properties = sql.raw(source === 'r' ? 'r.properties' : `(${source} -> 'properties')`)
  const path = `{${keys.map((key) => `"${key.replace(/(["\\])/g, '\\$1')}"`).join(',')}}`
  return sql`(${properties} #> ${path}::text[])`
}

/** One cell holds the whole page: a row per record would cost several times as much to take apart. */
function rowsOf<T>(result: readonly Row[] | undefined): readonly T[] {
  return result?.[0]?.rows as readonly T[]
}
