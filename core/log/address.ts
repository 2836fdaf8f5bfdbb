import type { GraphId, TenantId } from '../ids.ts'

/**
 * A graph's log, on the shard that holds the graph. It contains the epoch of its placement, so that
 * after a move the object of the old place is another object and can commit nothing.
 */
export type GraphAddress = {
  readonly kind: 'graph'
  readonly tenantId: TenantId
  readonly graphId: GraphId
  readonly shardId: string
  readonly epoch: number
}

/** A tenant's own log, in the catalog. */
export type TenantAddress = { readonly kind: 'tenant'; readonly tenantId: TenantId }

export type LogAddress = GraphAddress | TenantAddress

/** The name of the log's Durable Object. */
export function logName(log: LogAddress): string {
  if (log.kind === 'tenant') return `tenant:${log.tenantId}`
  const known = graphNames.get(log)
  if (known !== undefined) return known
  const name = `graph:${log.graphId}:${log.epoch}`
  graphNames.set(log, name)
  return name
}

/** The address of a graph in use is in memory, and is asked for its name several times a request. */
const graphNames = new WeakMap<GraphAddress, string>()
