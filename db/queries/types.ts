import { sql } from 'drizzle-orm'
import type { GraphAddress } from '../../core/log/address.ts'
import type { TypeDefinition } from '../../core/log/records.ts'
import type { Database } from '../client.ts'
import type { ReadAt } from './entities.ts'
import { toTypeDefinition } from './rows.ts'
import { inGraph, readGraph } from './snapshot.ts'

/** All types of a graph and the seq of their last change. */
export async function listTypes(
  shard: Database,
  graph: GraphAddress,
): Promise<ReadAt<{ schemaSeq: number; types: TypeDefinition[] }>> {
  const { results, schemaSeq, ...at } = await readGraph(shard, graph, [
    sql`select kind, name, json_schema, version, created_at, updated_at from types t
      where ${inGraph(graph, 't')} order by kind, name`,
  ])
  return { value: { schemaSeq, types: (results[0] ?? []).map(toTypeDefinition) }, ...at }
}
