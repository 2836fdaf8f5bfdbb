import { notFound } from '../../core/errors.ts'
import { graphId } from '../../core/ids.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import { DEFAULT_GRAPH } from '../../core/tenant/requests.ts'
import { closeGraph, placeGraph } from '../../db/queries/graphs.ts'
import { type Graph, listGraphs } from '../../db/queries/tenant.ts'
import type { TenantContext } from '../context.ts'
import { afterWrite } from './after-write.ts'
import { graphOperation, tenantOperation } from './define.ts'
import { ownLog } from './keys.ts'
import { readTenantValue, type WholeList, whole } from './read-tenant.ts'
import type { Answer, NotModified } from './records.ts'
import { refusal } from './refusals.ts'
import { type TenantWritten, writeTenant } from './tenant-write.ts'

export const findGraphs = tenantOperation(
  'graph.read',
  (context, _input: null): Promise<Answer<WholeList<Graph>> | NotModified> => graphsOf(context),
)

function graphsOf(context: TenantContext): Promise<Answer<WholeList<Graph>> | NotModified> {
  return readTenantValue(context, {
    ...{ name: 'graphs', tags: ['t:graph'] },
    load: () => whole(listGraphs(context.services.catalog, context.principal.tenantId)),
  })
}

export const readGraphByName = graphOperation(
  'graph.read',
  async (context, _input: null): Promise<Answer<Graph> | NotModified> => {
    const answer = await graphsOf(context)
    if ('etag' in answer) return answer
    const { value, ...at } = answer
    const graph = value.items.find(({ id }) => id === context.graph.graphId)
    if (!graph) throw notFound('this graph')
    return { value: graph, ...at }
  },
)

/** The shard has the graph before the catalog names it, so a graph that is named always works. */
export const createGraph = tenantOperation(
  'graphs.manage',
  async (context, { name }: { name: string }): Promise<TenantWritten & { value: Graph }> => {
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
    const { replayed, bookmark } = done
    return { value: { id: done.id, name, created_at: done.createdAt }, replayed, bookmark }
  },
)

/**
 * The shard closes the graph first, and only then does the catalog forget its name: a deletion that
 * stops half-way can be asked for again. `graph` is `null` when the tenant has none of that name,
 * perhaps because this request was made before.
 */
export const deleteGraph = tenantOperation(
  'graphs.manage',
  async (context, graph: GraphAddress | null): Promise<TenantWritten> => {
    const { services, principal } = context
    if (!graph && !context.idempotency) throw notFound('this graph')
    if (graph) {
      const { value: graphs } = await listGraphs(services.catalog, principal.tenantId)
      if (graphs.some(({ id, name }) => id === graph.graphId && name === DEFAULT_GRAPH)) {
        throw refusal({ op: 0, refused: 'last_graph' })
      }
      await closeGraph(services.shard(graph.shardId), principal.tenantId, graph.graphId)
    }
    return afterWrite(() =>
      writeTenant(context, ownLog(context), {
        action: 'delete_graph',
        graphId: graph?.graphId ?? services.newId(),
      }),
    )
  },
)
