import { randomUUID } from 'node:crypto'
import { graphId, tenantId } from '../../../core/ids.ts'
import type { GraphAddress } from '../../../core/log/address.ts'
import { placeGraph } from '../../../db/queries/graphs.ts'
import type { GraphContents } from '../../contracts/graph-engine/contents.ts'
import type { MigratedDatabase } from '../../harness/databases.ts'

/** Stores a graph of a tenant of its own, past the log, since only its end state matters. */
export async function storeGraph(
  { database, owner }: MigratedDatabase,
  { seq, entities, edges }: GraphContents,
): Promise<GraphAddress> {
  const graph: GraphAddress = {
    kind: 'graph',
    tenantId: tenantId(randomUUID()),
    graphId: graphId(randomUUID()),
    shardId: 's',
    epoch: 1,
  }
  const place = [graph.tenantId, graph.graphId]
  await placeGraph(database, graph.tenantId, graph.graphId)
  await owner.query('update graphs set seq = $2 where id = $1', [graph.graphId, seq])
  await owner.query(
    `insert into entities (tenant_id, graph_id, id, type, name_key, properties, version, created_at,
        updated_at)
      select $1, $2, e.id, e.type, '', coalesce(e.properties, '{}'), 1, now(), now()
      from jsonb_to_recordset($3) as e(id uuid, type text, properties jsonb)`,
    [...place, JSON.stringify(entities)],
  )
  await owner.query(
    `insert into relationships (tenant_id, graph_id, id, type, from_id, to_id, properties, version,
        created_seq, created_at, updated_at)
      select $1, $2, gen_random_uuid(), r.type, r."from", r."to",
        case when r.weight is null then '{}' else jsonb_build_object('cost', r.weight) end,
        r."createdSeq", r."createdSeq", now(), now()
      from jsonb_to_recordset($3)
        as r(type text, "from" uuid, "to" uuid, "createdSeq" bigint, weight jsonb)`,
    [...place, JSON.stringify(edges)],
  )
  return graph
}
