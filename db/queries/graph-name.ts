import { sql } from 'drizzle-orm'
import type { TenantId } from '../../core/ids.ts'
import type { Database } from '../client.ts'
import { runRead } from './snapshot.ts'

/** What a graph is called; `null`: there is none of this id. */
export async function graphNameOf(
  catalog: Database,
  tenant: TenantId,
  graphId: string,
): Promise<string | null> {
  const [rows] = await runRead(() =>
    catalog.batch(
      tenant,
      [
        sql`select name from graphs where tenant_id = ${tenant}::uuid and id = ${graphId}::uuid
          and deleted_at is null`,
      ],
      { mode: 'snapshot' },
    ),
  )
  return (rows?.[0]?.name as string | undefined) ?? null
}
