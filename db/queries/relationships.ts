import { sql } from 'drizzle-orm'
import type { GraphAddress } from '../../core/log/address.ts'
import type { ListQuery } from '../../core/log/list-query.ts'
import type { Relationship } from '../../core/log/records.ts'
import type { IndexPlan } from '../../core/types/index-plan.ts'
import type { Database } from '../client.ts'
import { type Page, type PlannedReadAt, page, type ReadAt } from './entities.ts'
import { listStatements } from './list.ts'
import { RELATIONSHIP_COLUMNS, toRelationship } from './rows.ts'
import { inGraph, inList, readGraph } from './snapshot.ts'

export async function getRelationship(
  shard: Database,
  graph: GraphAddress,
  id: string,
): Promise<ReadAt<Relationship | null>> {
  const { results, ...at } = await readGraph(shard, graph, [
    sql`select ${RELATIONSHIP_COLUMNS} from relationships r
      where ${inGraph(graph, 'r')} and r.id = ${id}::uuid`,
  ])
  const row = results[0]?.[0]
  return { value: row ? toRelationship(row) : null, ...at }
}

/** Those of the relationships that exist, in no particular order. */
export async function getRelationships(
  shard: Database,
  graph: GraphAddress,
  names: { readonly ids: readonly string[]; readonly externalIds: readonly string[] },
): Promise<ReadAt<Relationship[]>> {
  const { results, ...at } = await readGraph(shard, graph, [
    sql`select ${RELATIONSHIP_COLUMNS} from relationships r
      where ${inGraph(graph, 'r')} and r.id in ${inList(names.ids, 'uuid')}`,
    sql`select ${RELATIONSHIP_COLUMNS} from relationships r
      where ${inGraph(graph, 'r')} and r.external_id in ${inList(names.externalIds, 'text')}`,
  ])
  return { value: results.flat().map(toRelationship), ...at }
}

export async function listRelationships(
  shard: Database,
  graph: GraphAddress,
  query: ListQuery,
  plan: IndexPlan,
): Promise<PlannedReadAt<Page<Relationship>>> {
  const { results, ...at } = await readGraph(
    shard,
    graph,
    listStatements(graph, 'relationships', RELATIONSHIP_COLUMNS, query, plan),
  )
  return { value: page(results.at(-1) ?? [], query.limit, toRelationship), ...at }
}
