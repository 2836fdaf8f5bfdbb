import { type SQL, sql } from 'drizzle-orm'
import type { GraphAddress } from '../../core/log/address.ts'
import type { ListQuery, PropertyFilter } from '../../core/log/list-query.ts'
import { nameKey } from '../../core/log/name-key.ts'
import type { CompositeUse, IndexPlan, Narrowing } from '../../core/types/index-plan.ts'
import { positionValue } from './list-conditions.ts'
import { inGraph } from './snapshot.ts'
import { chordOf } from './sphere.ts'

/** What the statements of a list have in common. */
export type ListParts = {
  readonly graph: GraphAddress
  readonly table: SQL
  readonly query: ListQuery
  readonly plan: IndexPlan
  readonly conditions: readonly SQL[]
  readonly direction: SQL
  /** How the sort value and id of a later record compare to those of an earlier one. */
  readonly beyond: SQL
}

/** Records `r` in the order of a composite index, from where the page begins. */
export function fromOrdered(parts: ListParts, use: CompositeUse): SQL {
  const { graph, direction, query, beyond } = parts
  const bounds = [
    inGraph(graph, 'i'),
    sql`i.index_id = (select ${use.indexId}::uuid)`,
    ...keyBounds(use),
  ]
  if (query.after) {
    const { sort, after } = query
    const value = positionValue(sort, after.value)
    const last = sort.by === 'name' ? sql`tendril_name_sort_key(${value})` : value
    const key = use.isWhole ? prefixOf(use) : sql`${prefixOf(use)} || ${last}`
    bounds.push(sql`(i.key, i.record_id) ${beyond} ((select ${key}), (select ${after.id}::uuid))`)
  }
  // A subquery with an order of its own is nothing that the planner could turn into a scan of all.
  return sql`(
      select i.key, i.record_id from index_entries i where ${sql.join(bounds, sql` and `)}
      order by i.key ${direction}, i.record_id ${direction}
    ) i ${theRecord(parts, sql`i.record_id`)}`
}

/** The keys of the entries wanted are between these. Values stand in subqueries, see `inGraph`. */
function keyBounds(use: CompositeUse): SQL[] {
  const prefix = prefixOf(use)
  if (use.isWhole) return [sql`i.key = (select ${prefix})`]
  if (use.namePrefix !== null) {
    const start = sql`${prefix} || '\\x20'::bytea || convert_to(${nameKey(use.namePrefix)}, 'UTF8')`
    return [sql`i.key >= (select ${start})`, sql`i.key < (select ${start} || '\\xff'::bytea)`]
  }
  const [first] = use.range
  const kind = first === undefined ? null : typeof first.value === 'string' ? 2 : 3
  return [
    // Of one kind of values, as ranges are; no key of a field begins with 0xff.
    ...(kind === null
      ? [sql`i.key >= (select ${prefix})`, sql`i.key < (select ${prefix} || '\\xff'::bytea)`]
      : [
          sql`i.key >= (select ${prefix} || ${sql.raw(`'\\x${kind}0'`)}::bytea)`,
          sql`i.key < (select ${prefix} || ${sql.raw(`'\\x${kind}1'`)}::bytea)`,
        ]),
    ...use.range.map((filter) => rangeBound(prefix, filter)),
  ]
}

/** A bound with all that have the same key: whether they are beyond it the record itself tells. */
function rangeBound(prefix: SQL, { comparison, value }: PropertyFilter): SQL {
  const key = sql`${prefix} || ${keyOf(value)}`
  return comparison === 'gt' || comparison === 'gte'
    ? sql`i.key >= (select ${key})`
    : sql`i.key < (select ${key} || '\\xff'::bytea)`
}

function prefixOf({ equal }: CompositeUse): SQL {
  return equal.length === 0 ? sql`''::bytea` : sql.join(equal.map(keyOf), sql` || `)
}

function keyOf(value: PropertyFilter['value']): SQL {
  return sql`tendril_sort_key(${JSON.stringify(value)}::jsonb)`
}

/** Ids of at most `limit` records among which are all that the query wants, if there are fewer. */
export function candidates(parts: ListParts, narrowing: Narrowing, limit: number): SQL {
  const { graph, query, plan } = parts
  switch (narrowing.by) {
    case 'composite': {
      const { use } = narrowing
      const bounds = [
        inGraph(graph, 'i'),
        sql`i.index_id = (select ${use.indexId}::uuid)`,
        ...keyBounds(use),
      ]
      return sql`select i.record_id from index_entries i
        where ${sql.join(bounds, sql` and `)} limit ${limit}`
    }
    case 'text': {
      const text = narrowing.isName ? nameKey(narrowing.text) : narrowing.text
      const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`
      return sql`select id as record_id from tendril_text_matches(${graph.graphId}::uuid,
        ${narrowing.indexId}::uuid, ${pattern}, ${limit})`
    }
    case 'search':
      return sql`select id as record_id from tendril_word_matches(${graph.graphId}::uuid,
        ${plan.searchIndexId}::uuid, ${query.search}, ${limit})`
    case 'near':
      return sql`select id as record_id from ${nearby(parts, null, limit)}`
  }
}

/** The records of a search, best first, or those near a place, nearest first. */
export function fromRanked(parts: ListParts, limit: number | null): SQL {
  const { graph, query, plan } = parts
  const rank = query.after ? Number(query.after.value) : null
  const hits =
    query.sort.by === 'rank'
      ? sql`tendril_search(${graph.graphId}::uuid, ${plan.searchIndexId}::uuid, ${query.search},
          ${rank}::float8, ${query.after?.id ?? null}::uuid, ${limit}::bigint)`
      : nearby(parts, rank, limit)
  // The planner knows rows with ordinality to come in that order: it stops at the end of a page.
  return sql`${hits} with ordinality as hit(record_id, value, place) ${theRecord(parts, sql`hit.record_id`)}`
}

function nearby(
  { graph, query, plan }: ListParts,
  after: number | null,
  limit: number | null,
): SQL {
  const { lat, lon, radiusM } = query.near ?? { lat: 0, lon: 0, radiusM: null }
  const afterId = after === null ? null : (query.after?.id ?? null)
  return sql`tendril_near(${graph.graphId}::uuid, ${plan.nearIndexId}::uuid, ${lat}::float8,
    ${lon}::float8, ${chordOf(radiusM)}::float8, ${after}::float8, ${afterId}::uuid, ${limit}::bigint)`
}

/**
 * The record `r` of an id that was found: by its key, for any other condition beside it, such as the
 * type, makes some index look as good that is not. The conditions are to stand outside.
 */
export function theRecord({ graph, table }: ListParts, id: SQL): SQL {
  return sql`cross join lateral (
      select * from ${table} r where ${inGraph(graph, 'r')} and r.id = ${id} limit 1
    ) r`
}
