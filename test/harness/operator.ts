import type { Tenant } from './api.ts'
import { ownerSql } from './owner-sql.ts'

/**
 * Makes a tenant the operator's, behind the back of the API, which makes one in the life of an
 * installation. Before the tenant's first request: what a tenant is, the isolate keeps.
 */
export async function makeOperator({ id }: Tenant): Promise<void> {
  await ownerSql(
    'catalog',
    id,
    `insert into installation (name, tenant_id, created_at) values ('operator', $1, now())
      on conflict (name) do update set tenant_id = $1`,
    [id],
  )
}
