import { type SQL, sql } from 'drizzle-orm'
import { AppError, notFound } from '../../core/errors.ts'
import { type Filters, MAX_CANDIDATES } from '../../core/graph/engine.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import type { ListQuery } from '../../core/log/list-query.ts'
import type { IndexPlan, Narrowing } from '../../core/types/index-plan.ts'
import type { Database, Row } from '../client.ts'
import type { ReadAt } from '../queries/entities.ts'
import { candidates, theRecord } from '../queries/list-by-index.ts'
import { conditions } from '../queries/list-conditions.ts'
import { readGraph } from '../queries/snapshot.ts'
import type { GraphSource } from './source.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The id as PostgreSQL takes it. What is no id in lower case names nothing: `not_found`. */
export function uuidOf(id: string): SQL {
  if (!UUID.test(id)) throw notFound(`entity ${id}`)
  return sql`${id}::uuid`
}

export function uuidsOf(ids: readonly string[]): SQL {
  return sql`${`{${ids.filter((id) => UUID.test(id)).join()}}`}::uuid[]`
}

/** Names as an argument; absent ones are null. */
export function textsOf(names: readonly string[] | undefined): SQL {
  if (names === undefined) return sql`null::text[]`
  return sql`array(select jsonb_array_elements_text(${JSON.stringify(names)}::jsonb))`
}

/**
 * The head of a statement whose filters on entities are `entity_types` and `candidates` of the one row
 * of `filter`, with how many entities the conditions of the source let pass as `passing`.
 */
export function withFilter({ graph, where }: GraphSource, request: Filters): SQL {
  const types = textsOf(request.entityTypes)
  const ids = request.candidates && uuidsOf(request.candidates)
  if (!where) {
    return sql`with filter as materialized (
      select ${types} as entity_types, ${ids ?? sql`null::uuid[]`} as candidates, 0 as passing
    )`
  }
  const asked = ids ? sql` filter (where (c.id in (select unnest(${ids}))) is true)` : sql``
  return sql`with filter as materialized (
    select ${types} as entity_types, count(*) as passing,
      coalesce(array_agg(c.id)${asked}, '{}') as candidates
    from (${candidateIds(graph, where.query, where.plan)}) c
  )`
}

/** Throws if more entities pass the conditions of the source than a search can take. */
export function checkPassing(row: Row | null): void {
  if (Number(row?.passing ?? 0) > MAX_CANDIDATES) throw tooMany()
}

/**
 * Ids of all entities that satisfy the conditions of a list, for `Filters.candidates`; its order and
 * its page do not count. `cost_exceeded` if they are more than `MAX_CANDIDATES`.
 */
export async function findCandidates(
  shard: Database,
  graph: GraphAddress,
  query: ListQuery,
  plan: IndexPlan,
): Promise<ReadAt<string[]>> {
  const { results, seq, historyId } = await readGraph(shard, graph, [
    candidateIds(graph, query, plan),
  ])
  const rows = results[0] ?? []
  if (rows.length > MAX_CANDIDATES) throw tooMany()
  return { value: rows.map(({ id }) => id as string), seq, historyId }
}

/** The statement that finds them: at most one more than there may be. */
export function candidateIds(graph: GraphAddress, listed: ListQuery, plan: IndexPlan): SQL {
  const query: ListQuery = { ...listed, sort: { by: 'id', descending: false }, after: null }
  const wanted = conditions(graph, query, plan)
  const parts = {
    ...{ graph, table: sql`entities`, query, plan, conditions: wanted },
    ...{ direction: sql`asc`, beyond: sql`>` },
  }
  const narrowing = narrowingOf(plan)
  const found = narrowing
    ? sql`(${candidates(parts, narrowing, Number.MAX_SAFE_INTEGER)}) c ${theRecord(parts, sql`c.record_id`)}`
    : sql`entities r`
  return sql`select r.id from ${found} where ${sql.join(wanted, sql` and `)}
    limit ${MAX_CANDIDATES + 1}`
}

/** An index that has the records in order also finds them. */
function narrowingOf({ narrowing, ordered }: IndexPlan): Narrowing | null {
  if (narrowing || !ordered) return narrowing
  const { equal, range, namePrefix } = ordered
  const narrows = equal.length + range.length > 0 || namePrefix !== null
  return narrows ? { by: 'composite', use: ordered } : null
}

export function tooMany(): AppError {
  return new AppError(
    'cost_exceeded',
    `more than ${MAX_CANDIDATES} entities pass the conditions on entities: narrow them down`,
  )
}

/** Whether the entity that `id` names may be entered; to stand beside `filter`. */
export function passes(graph: GraphAddress, id: SQL): SQL {
  return sql`((select entity_types from filter) is null or (select e.type from entities e
      where e.tenant_id = (select ${graph.tenantId}::uuid)
        and e.graph_id = (select ${graph.graphId}::uuid) and e.id = ${id})
      = any ((select entity_types from filter)::text[]))
    and ((select candidates from filter) is null
      or (${id} in (select unnest(candidates) from filter)) is true)`
}
