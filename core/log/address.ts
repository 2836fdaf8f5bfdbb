import type { GraphId, TenantId } from '../ids.ts'

/**
 * Which log: a graph's, on the shard that holds the graph, or a tenant's own, in the catalog.
 * A graph's address contains the epoch of its placement, so that after a move the object of the
 * old place is another object and can commit nothing.
 */
export type LogAddress =
  | {
      readonly kind: 'graph'
      readonly tenantId: TenantId
      readonly graphId: GraphId
      readonly shardId: string
      readonly epoch: number
    }
  | { readonly kind: 'tenant'; readonly tenantId: TenantId }

/** The name of the log's Durable Object. */
export function logName(log: LogAddress): string {
  return log.kind === 'graph' ? `graph:${log.graphId}:${log.epoch}` : `tenant:${log.tenantId}`
}
