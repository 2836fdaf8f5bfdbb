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
  const known = names.get(log)
  if (known !== undefined) return known
  const name = log.kind === 'graph' ? `graph:${log.graphId}:${log.epoch}` : `tenant:${log.tenantId}`
  names.set(log, name)
  return name
}

/** An address that memory holds is asked for its name several times a request. */
const names = new WeakMap<LogAddress, string>()
