import { decodeValueName, type ValueName } from '../../core/cache/key.ts'
import type { TenantId } from '../../core/ids.ts'
import { graphAddresses, type TenantGraphs } from '../../db/queries/graph-addresses.ts'
import type { Services } from '../services.ts'
import { warmEach, warmValue } from './warm-value.ts'

/** Values that one run looks at. */
const MAX_VALUES = 500
/** Names that are remembered from run to run. */
const MAX_HOT = 2_000

/**
 * Reads the hottest values of all tenants, so that those that were changed, or that a new deploy
 * keeps in another format, are in the tiers again before anybody asks. Returns how many were read.
 */
export async function warmCache(services: Services, untilMs: number): Promise<number> {
  const ledger = services.ledger()
  if (!ledger) return 0
  const names = (await ledger.hottest(MAX_VALUES)).flatMap((name) => decodeValueName(name) ?? [])
  const tenants = new Map<TenantId, Promise<TenantGraphs | null>>()
  const graphsOf = (tenant: TenantId) => {
    const known = tenants.get(tenant)
    if (known) return known
    const asked = graphAddresses(services.catalog, tenant)
    tenants.set(tenant, asked)
    return asked
  }
  return warmEach(
    names,
    async ({ tenantId, graphId, name }: ValueName) => {
      const { state = '', graphs = [] } = (await graphsOf(tenantId)) ?? {}
      const graph = graphs.find(({ address }) => address.graphId === graphId)
      if (graph) await warmValue(services, graph.address, { name, tenantState: state })
    },
    () => services.now() < untilMs,
  )
}

/** Lets what was hot long ago make room. */
export async function ageHotValues({ ledger }: Services): Promise<void> {
  await ledger()?.age(MAX_HOT)
}
