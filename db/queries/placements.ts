import { sql } from 'drizzle-orm'
import { graphId, type TenantId } from '../../core/ids.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import type { Database } from '../client.ts'
import { runRead } from './snapshot.ts'

export type PlacedGraph = { readonly name: string; readonly address: GraphAddress }

/** The graphs of a tenant, by name, and where each of them is. */
export async function placedGraphs(catalog: Database, tenant: TenantId): Promise<PlacedGraph[]> {
  const [rows] = await runRead(() =>
    catalog.batch(
      tenant,
      [
        sql`select id, name, shard_id, epoch from graphs
          where tenant_id = ${tenant}::uuid and deleted_at is null order by name`,
      ],
      { mode: 'snapshot' },
    ),
  )
  return (rows ?? []).map((row) => ({
    name: row.name as string,
    address: {
      kind: 'graph',
      tenantId: tenant,
      graphId: graphId(row.id as string),
      shardId: row.shard_id as string,
      epoch: row.epoch as number,
    },
  }))
}
