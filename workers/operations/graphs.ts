import { notFound } from '../../core/errors.ts'
import { graphId } from '../../core/ids.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import { closeGraph, placeGraph } from '../../db/queries/graphs.ts'
import { type Graph, listGraphs } from '../../db/queries/tenant.ts'
import { graphOperation, tenantOperation } from './define.ts'
import { ownLog } from './keys.ts'
import { writeTenant } from './tenant-write.ts'

export const findGraphs = tenantOperation(
  'graph.read',
  (context, _input: null): Promise<Graph[]> =>
    listGraphs(context.services.catalog, context.principal.tenantId),
)

export const readGraphByName = graphOperation(
  'graph.read',
  async (context, _input: null): Promise<Graph> => {
    const graphs = await listGraphs(context.services.catalog, context.principal.tenantId)
    const graph = graphs.find(({ id }) => id === context.graph.graphId)
    if (!graph) throw notFound('this graph')
    return graph
  },
)

/** The shard has the graph before the catalog names it, so a graph that is named always works. */
export const createGraph = tenantOperation(
  'graphs.manage',
  async (context, { name }: { name: string }): Promise<{ value: Graph; replayed: boolean }> => {
    const { services, principal } = context
    const id = graphId(services.newId())
    const shardId = services.shardForNewGraph()
    await placeGraph(services.shard(shardId), principal.tenantId, id)
    const done = await writeTenant(context, ownLog(context), {
      action: 'create_graph',
      graphId: id,
      name,
      shardId,
    })
    return { value: { id: done.id, name, created_at: done.createdAt }, replayed: done.replayed }
  },
)

/**
 * The catalog forgets the name first; then the shard closes the graph against late writes. `graph` is
 * `null` when the tenant has none of that name, perhaps because this request was made before.
 */
export const deleteGraph = tenantOperation(
  'graphs.manage',
  async (context, graph: GraphAddress | null): Promise<{ replayed: boolean }> => {
    const { services, principal } = context
    if (!graph && !context.idempotency) throw notFound('this graph')
    const done = await writeTenant(context, ownLog(context), {
      action: 'delete_graph',
      graphId: graph?.graphId ?? services.newId(),
    })
    // A repeat may come because the shard was not reached the first time, and knows only the id.
    const shardIds = graph ? [graph.shardId] : services.shardIds
    for (const shardId of shardIds) {
      await closeGraph(services.shard(shardId), principal.tenantId, graphId(done.id))
    }
    return { replayed: done.replayed }
  },
)
