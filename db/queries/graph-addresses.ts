import { sql } from 'drizzle-orm'
import { graphId, type TenantId } from '../../core/ids.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import type { Database } from '../client.ts'
import { runRead } from './snapshot.ts'

/** A tenant's state (`active` or `suspended`), and where the logs of its graphs are. */
export type TenantGraphs = {
  readonly state: string
  readonly graphs: readonly { readonly name: string; readonly address: GraphAddress }[]
}

/** `null`: there is no such tenant. One round trip. */
export async function graphAddresses(
  catalog: Database,
  tenant: TenantId,
): Promise<TenantGraphs | null> {
  const [tenants, graphs] = await runRead(() =>
    catalog.batch(
      tenant,
      [
        sql`select state from tenants where id = ${tenant}::uuid`,
        sql`select id, name, shard_id, epoch from graphs
          where tenant_id = ${tenant}::uuid and deleted_at is null order by id`,
      ],
      { mode: 'snapshot' },
    ),
  )
  const state = tenants?.[0]?.state
  if (typeof state !== 'string') return null
  return {
    state,
    graphs: (graphs ?? []).map((row) => ({
      name: row.name as string,
      address: {
        kind: 'graph',
        tenantId: tenant,
        graphId: graphId(row.id as string),
        shardId: row.shard_id as string,
        epoch: row.epoch as number,
      },
    })),
  }
}
