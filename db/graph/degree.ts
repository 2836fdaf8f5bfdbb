import { sql } from 'drizzle-orm'
import { notFound } from '../../core/errors.ts'
import { checkRequest } from '../../core/graph/check-request.ts'
import type { Degree, DegreeRequest } from '../../core/graph/engine.ts'
import type { ReadAt } from '../queries/entities.ts'
import { checkPassing, passes, textsOf, uuidOf, withFilter } from './filters.ts'
import { costOf, type GraphSource, lookedAt, maxEdgesOf, search, waysOf } from './source.ts'

export async function degree(source: GraphSource, request: DegreeRequest): Promise<ReadAt<Degree>> {
  checkRequest(request)
  const { entity, direction = 'both' } = request
  const { graph } = source
  const [id, maxEdges] = [uuidOf(entity), maxEdgesOf(request)]
  const searched = await search(
    source,
    request,
    () => sql`${withFilter(source, request)}, edge as materialized (
      select row_number() over (order by e.arrives, e.created_seq) as n, e.other, e.arrives, e.type
      from tendril_edges_of(${graph.graphId}::uuid, ${id}, ${waysOf(direction)},
        ${textsOf(request.types)}) e
      order by e.arrives, e.created_seq limit ${maxEdges} + 1
    )
    select (select true from entities e where e.tenant_id = (select ${graph.tenantId}::uuid)
        and e.graph_id = (select ${graph.graphId}::uuid) and e.id = ${id}) as is_there,
      (select passing from filter) as passing, (select count(*) from edge) as looked,
      (select json_agg(json_build_array(t.type, t.leaving, t.arriving)) from (
        select x.type, count(*) filter (where not x.arrives) as leaving,
          count(*) filter (where x.arrives) as arriving
        from edge x where x.n <= ${maxEdges} and (x.other = ${id} or ${passes(graph, sql`x.other`)})
        group by x.type
      ) t) as counts`,
  )
  const { row, seq, historyId } = searched
  checkPassing(row)
  if (row && row.is_there === null) throw notFound(`entity ${entity}`)
  const counts = (row?.counts ?? []) as readonly (readonly [string, number, number])[]
  const byType = counts.map(([type, leaving, arriving]) => ({ type, out: leaving, in: arriving }))
  byType.sort((a, b) => (a.type < b.type ? -1 : 1))
  const looked = lookedAt(request, row?.looked)
  const cost = costOf(request, searched, { ...looked, nodes: 1 })
  const value: Degree = {
    stopped: looked.stopped,
    out: byType.reduce((sum, each) => sum + each.out, 0),
    in: byType.reduce((sum, each) => sum + each.in, 0),
    byType,
    cost,
  }
  return { value, seq, historyId }
}
