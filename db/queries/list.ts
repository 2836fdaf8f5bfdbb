import { type SQL, sql } from 'drizzle-orm'
import type { GraphAddress } from '../../core/log/address.ts'
import type { ListQuery } from '../../core/log/list-query.ts'
import type { IndexPlan, Narrowing } from '../../core/types/index-plan.ts'
import { candidates, fromOrdered, fromRanked, type ListParts, theRecord } from './list-by-index.ts'
import {
  conditions,
  hasOtherConditions,
  positionValue,
  shownSortValue,
  sortValue,
} from './list-conditions.ts'

/** Records that an index may find before reading all of them costs more than going by the order. */
const MAX_CANDIDATES = 2_000

/**
 * A page of records by keyset: the sort value and the id make a total order, so pages neither repeat
 * nor skip a record that did not change. Fetches one row more than asked for, which says whether
 * there is a next page, and the sort value as `sort_value`. The plan decides how records are found,
 * and nothing about which or in what order. They are the rows of the last statement, in one transaction.
 */
export function listStatements(
  graph: GraphAddress,
  table: 'entities' | 'relationships',
  columns: SQL,
  query: ListQuery,
  plan: IndexPlan,
): SQL[] {
  const statement = listStatement(graph, table, columns, query, plan)
  return plan.ordered || plan.narrowing ? [IN_INDEX_ORDER, statement] : [statement]
}

/**
 * Knowing nothing about a single declared index, the planner takes it for tiny and would rather
 * collect its entries and sort them than read them in their order from where the page begins.
 */
const IN_INDEX_ORDER: SQL = sql`select set_config('enable_bitmapscan', 'off', true)`

function listStatement(
  graph: GraphAddress,
  table: 'entities' | 'relationships',
  columns: SQL,
  query: ListQuery,
  plan: IndexPlan,
): SQL {
  const isDescending = query.sort.descending
  const parts: ListParts = {
    graph,
    table: sql.raw(table),
    query,
    plan,
    conditions: conditions(graph, query, plan),
    direction: sql.raw(isDescending ? 'desc' : 'asc'),
    beyond: sql.raw(isDescending ? '<' : '>'),
  }
  if (query.sort.by === 'rank' || query.sort.by === 'distance') return rankedPage(parts, columns)
  return plan.narrowing
    ? narrowedPage(parts, columns, plan.narrowing)
    : pageInOrder(parts, columns, [])
}

function rankedPage(parts: ListParts, columns: SQL): SQL {
  const rows = parts.query.limit + 1
  const hits = fromRanked(parts, hasOtherConditions(parts.query) ? null : rows)
  return sql`select ${columns}, hit.value as sort_value from ${hits}
    where ${sql.join([...parts.conditions], sql` and `)} order by hit.place limit ${rows}`
}

/** A page read in its order, from a composite index or the table itself. */
function pageInOrder(parts: ListParts, columns: SQL, gate: readonly SQL[]): SQL {
  const { query, plan, direction } = parts
  const { sort } = query
  const value = sortValue(sort)
  const shown = sql`${columns}, ${shownSortValue(sort, value)} as sort_value, ${value} as sort_key`
  if (plan.ordered) {
    const wanted = [...gate, ...parts.conditions]
    return sql`select ${shown} from ${fromOrdered(parts, plan.ordered)}
      where ${sql.join(wanted, sql` and `)}
      order by i.key ${direction}, i.record_id ${direction} limit ${query.limit + 1}`
  }
  const wanted = [...gate, ...parts.conditions, ...fromPosition(parts)]
  return sql`select ${shown} from ${parts.table} r where ${sql.join(wanted, sql` and `)}
    order by ${value} ${direction}, r.id ${direction} limit ${query.limit + 1}`
}

/**
 * Looks for the records by one of their conditions first. Few: they are read and sorted. Many: then
 * the page is not far when going by the order. Only one of the two is carried out.
 */
function narrowedPage(parts: ListParts, columns: SQL, narrowing: Narrowing): SQL {
  const { query, direction } = parts
  const { sort } = query
  const value = sortValue(sort)
  const wanted = [sql`(select is_small from size)`, ...parts.conditions, ...fromPosition(parts)]
  return sql`with candidate as materialized (
    ${candidates(parts, narrowing, MAX_CANDIDATES + 1)}
  ), size as materialized (
    select count(*) <= ${MAX_CANDIDATES} as is_small from candidate
  )
  select * from (
    (select ${columns}, ${shownSortValue(sort, value)} as sort_value, ${value} as sort_key
      from candidate c ${theRecord(parts, sql`c.record_id`)}
      where ${sql.join(wanted, sql` and `)}
      order by ${value} ${direction}, r.id ${direction} limit ${query.limit + 1})
    union all
    (${pageInOrder(parts, columns, [sql`not (select is_small from size)`])})
  ) page order by sort_key ${direction}, id ${direction} limit ${query.limit + 1}`
}

function fromPosition({ query, beyond }: ListParts): SQL[] {
  const { sort, after } = query
  if (!after) return []
  return [
    sql`(${sortValue(sort)}, r.id) ${beyond} (${positionValue(sort, after.value)}, ${after.id}::uuid)`,
  ]
}
