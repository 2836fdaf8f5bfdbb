import { type SQL, sql } from 'drizzle-orm'
import { notFound } from '../../core/errors.ts'
import { checkRequest } from '../../core/graph/check-request.ts'
import {
  type Common,
  type CommonRequest,
  DEFAULT_LISTED,
  type Hop,
} from '../../core/graph/engine.ts'
import type { ReadAt } from '../queries/entities.ts'
import { checkPassing, passes, textsOf, uuidOf, withFilter } from './filters.ts'
import { costOf, type GraphSource, lookedAt, maxEdgesOf, search, waysOf } from './source.ts'

export async function common(source: GraphSource, request: CommonRequest): Promise<ReadAt<Common>> {
  checkRequest(request)
  const { entities, limit = DEFAULT_LISTED } = request
  const searched = await search(source, request, () => statement(source, request, limit))
  const { row, seq, historyId } = searched
  checkPassing(row)
  if (typeof row?.missing === 'string') throw notFound(`entity ${row.missing}`)
  const count = Number(row?.count ?? 0)
  const looked = lookedAt(request, row?.looked)
  const named = new Set(entities).size
  const cost = costOf(request, searched, { ...looked, nodes: named + count })
  const [a, b] = entities
  const hopsFromB = new Map(
    ((row?.of_b ?? []) as readonly EdgeRow[]).map((edge) => [edge[0], hopOf(edge, b)]),
  )
  const shared = ((row?.of_a ?? []) as readonly EdgeRow[]).flatMap((edge) => {
    const [id, , , , type = ''] = edge
    const hop = hopsFromB.get(id)
    return hop ? [{ id, type, via: [hopOf(edge, a), hop] as const }] : []
  })
  const value: Common = {
    stopped: looked.stopped ?? (count > limit ? 'limit' : null),
    ...{ count, entities: shared, cost },
  }
  return { value, seq, historyId }
}

/**
 * The edges of each, numbered in their order, those of the second within what the first left of the
 * budget; then what both lead to, by grouping, since the planner knows nothing of how many there are.
 */
function statement(source: GraphSource, request: CommonRequest, limit: number): SQL {
  const { graph } = source
  const { entities, direction = 'both' } = request
  const [a, b] = [uuidOf(entities[0]), uuidOf(entities[1])]
  const max = maxEdgesOf(request)
  const edges = (id: SQL, most: SQL) => sql`select
      row_number() over (order by e.arrives, e.created_seq) as n,
      e.other, e.arrives, e.created_seq, e.type
    from tendril_edges_of(${graph.graphId}::uuid, ${id}, ${waysOf(direction)},
      ${textsOf(request.types)}) e
    order by e.arrives, e.created_seq limit ${most}`
  const isThere = (id: SQL) => sql`exists (select from entities e
    where e.tenant_id = (select ${graph.tenantId}::uuid)
      and e.graph_id = (select ${graph.graphId}::uuid) and e.id = ${id})`
  return sql`${withFilter(source, request)}, edge_a as materialized (${edges(a, sql`${max} + 1`)}),
    edge_b as materialized (${edges(
      b,
      sql`(select case when count(*) > ${max} then 0 else ${max} + 1 - count(*) end from edge_a)`,
    )}),
    shared as materialized (
      select u.other, min(u.n) filter (where not u.is_b) as a, min(u.n) filter (where u.is_b) as b
      from (
        select x.other, x.n, false as is_b from edge_a x where x.n <= ${max}
        union all
        select x.other, x.n, true from edge_b x where x.n <= ${max} - (select count(*) from edge_a)
      ) u
      where u.other not in (${a}, ${b}) group by u.other
      having count(*) filter (where u.is_b) > 0 and count(*) filter (where not u.is_b) > 0
    ), passing as materialized (select s.* from shared s where ${passes(graph, sql`s.other`)}),
    listed as materialized (select p.* from passing p order by p.a limit ${limit})
    select case when not ${isThere(a)} then ${a} when not ${isThere(b)} then ${b} end as missing,
      (select f.passing from filter f) as passing,
      (select count(*) from edge_a) + (select count(*) from edge_b) as looked,
      (select count(*) from passing) as count,
      (select json_agg(json_build_array(x.other, x.created_seq, x.type, x.arrives,
          (select e.type from entities e where e.tenant_id = (select ${graph.tenantId}::uuid)
            and e.graph_id = (select ${graph.graphId}::uuid) and e.id = x.other)) order by x.n)
        from edge_a x where (x.n in (select l.a from listed l)) is true) as of_a,
      (select json_agg(json_build_array(x.other, x.created_seq, x.type, x.arrives) order by x.n)
        from edge_b x where (x.n in (select l.b from listed l)) is true) as of_b`
}

type EdgeRow = readonly [
  other: string,
  createdSeq: number,
  type: string,
  isIn: boolean,
  otherType?: string,
]

function hopOf([, createdSeq, type, isIn]: EdgeRow, from: string): Hop {
  return { createdSeq, type, passed: isIn ? 'in' : 'out', from }
}
