import { type GraphId, graphId, isUuid, type TenantId, tenantId } from '../ids.ts'
import type { LogAddress } from '../log/address.ts'
import { FORMAT } from './codec.ts'

/** Prefix of every key of one history of a log: a restore or a deploy reads nothing of another (H1). */
export function keyPrefix(log: LogAddress, historyId: string): string {
  const logId = log.kind === 'graph' ? log.graphId : log.tenantId
  return `t${FORMAT}:${log.tenantId}:${logId}:${historyId}:`
}

/** A value of a graph, whatever its history and the format it is kept in. */
export type ValueName = {
  readonly tenantId: TenantId
  readonly graphId: GraphId
  /** The kind and what is unique among its values, with a colon between. */
  readonly name: string
}

const KEY = /^t\d+:([^:]+):([^:]+):[^:]+:(.+)$/s

/** Which tenant a key is of. */
export function tenantOf(key: string): TenantId | null {
  const tenant = KEY.exec(key)?.[1]
  return tenant === undefined ? null : tenantId(tenant)
}

/** `null` for what is of no graph. */
export function valueNameOf(key: string): ValueName | null {
  const [, tenant, log, name] = KEY.exec(key) ?? []
  if (!tenant || !log || !name || tenant === log) return null
  return { tenantId: tenantId(tenant), graphId: graphId(log), name }
}

export function encodeValueName({ tenantId, graphId, name }: ValueName): string {
  return `${tenantId}:${graphId}:${name}`
}

const VALUE_NAME = /^([0-9a-f-]{36}):([0-9a-f-]{36}):(.+)$/s

/** `null` for anything that `encodeValueName` did not make. */
export function decodeValueName(text: string): ValueName | null {
  const [, tenant, graph, name] = VALUE_NAME.exec(text) ?? []
  if (!tenant || !graph || !name || !isUuid(tenant) || !isUuid(graph)) return null
  return { tenantId: tenantId(tenant), graphId: graphId(graph), name }
}
