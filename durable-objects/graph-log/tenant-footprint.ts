import type { Footprint } from '../../core/log/grouping.ts'
import type { TenantRequest } from '../../core/tenant/requests.ts'

/** Requests to a tenant's log go one at a time: they are rare, and simple that way. */
export function tenantFootprint(request: TenantRequest): Footprint {
  return {
    commitId: request.commitId,
    writes: new Set(),
    reads: new Set(),
    alone: true,
    commands: 1,
    bytes: 0,
  }
}
