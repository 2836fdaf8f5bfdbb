import { sql } from 'drizzle-orm'
import type { GraphId, TenantId } from '../../core/ids.ts'
import type { Database } from '../client.ts'
import { runRead } from './snapshot.ts'

/**
 * Makes a graph's row on its shard. Done before the catalog knows the graph, and harmless to repeat:
 * a row that the catalog never names is empty and unreachable.
 */
export async function placeGraph(shard: Database, tenant: TenantId, graph: GraphId): Promise<void> {
  await runRead(() =>
    shard.batch(tenant, [
      sql`insert into graphs (tenant_id, id, history_id)
        values (${tenant}::uuid, ${graph}::uuid, gen_random_uuid()) on conflict do nothing`,
    ]),
  )
}

/**
 * Closes a deleted graph on its shard: the fence finds no row any more, so nothing can be written.
 * Its rows are removed later, in small pieces.
 */
export async function closeGraph(shard: Database, tenant: TenantId, graph: GraphId): Promise<void> {
  await runRead(() =>
    shard.batch(tenant, [
      sql`update graphs set deleted_at = now(), epoch = epoch + 1
        where tenant_id = ${tenant}::uuid and id = ${graph}::uuid and deleted_at is null`,
    ]),
  )
}
