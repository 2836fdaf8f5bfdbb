import { type GraphSchema, graphSchema } from '../../core/types/graph-schema.ts'
import { listTypes } from '../../db/queries/types.ts'
import type { GraphContext } from '../context.ts'
import { isolate } from '../isolate.ts'

/** Types of the graph, from the isolate's memory if it has them: the commit refuses old ones (C5). */
export async function loadSchema(context: GraphContext): Promise<GraphSchema> {
  const key = schemaKey(context)
  const known = isolate.schemas.get(key)
  if (known) return known
  const { graph, services } = context
  const { value } = await listTypes(services.shard(graph.shardId), graph)
  const schema = graphSchema(value.schemaSeq, value.types)
  isolate.schemas.set(key, schema)
  return schema
}

export function forgetSchema(context: GraphContext): void {
  isolate.schemas.delete(schemaKey(context))
}

function schemaKey({ graph }: GraphContext): string {
  return `${graph.tenantId}:${graph.graphId}:${graph.epoch}`
}
