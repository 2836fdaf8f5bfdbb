import { type SQL, sql } from 'drizzle-orm'
import { notFound } from '../../core/errors.ts'
import type { TenantId } from '../../core/ids.ts'
import type { Database, Row } from '../client.ts'
import type { ReadAt } from './entities.ts'
import { runRead } from './snapshot.ts'

export type ApiKey = {
  readonly id: string
  readonly name: string
  readonly hint: string
  readonly role: string
  readonly created_by: string
  readonly created_at: string
  readonly expires_at: string | null
  readonly revoked_at: string | null
}

export type Graph = { readonly id: string; readonly name: string; readonly created_at: string }

export async function listKeys(
  catalog: Database,
  tenant: TenantId,
): Promise<ReadAt<readonly ApiKey[]>> {
  const [heads, rows] = await runRead(() =>
    catalog.batch(
      tenant,
      [
        tenantHead(tenant),
        sql`select id, name, hint, role, created_by, created_at, expires_at, revoked_at from api_keys
          where tenant_id = ${tenant}::uuid order by created_at, id`,
      ],
      { mode: 'snapshot' },
    ),
  )
  return { value: (rows ?? []).map(toApiKey), ...headOf(heads) }
}

export async function getKey(
  catalog: Database,
  tenant: TenantId,
  id: string,
): Promise<ApiKey | null> {
  const [rows] = await runRead(() =>
    catalog.batch(
      tenant,
      [
        sql`select id, name, hint, role, created_by, created_at, expires_at, revoked_at from api_keys
          where tenant_id = ${tenant}::uuid and id = ${id}::uuid`,
      ],
      { mode: 'snapshot' },
    ),
  )
  const row = rows?.[0]
  return row ? toApiKey(row) : null
}

export async function listGraphs(
  catalog: Database,
  tenant: TenantId,
): Promise<ReadAt<readonly Graph[]>> {
  const [heads, rows] = await runRead(() =>
    catalog.batch(
      tenant,
      [
        tenantHead(tenant),
        sql`select id, name, created_at from graphs
          where tenant_id = ${tenant}::uuid and deleted_at is null order by name`,
      ],
      { mode: 'snapshot' },
    ),
  )
  const value = (rows ?? []).map((row) => ({
    id: row.id as string,
    name: row.name as string,
    created_at: row.created_at as string,
  }))
  return { value, ...headOf(heads) }
}

/** Where the tenant's own log is, in the snapshot of whatever is read with it (R3). */
function tenantHead(tenant: TenantId): SQL {
  return sql`select seq, history_id from tenants where id = ${tenant}::uuid`
}

function headOf(rows: readonly Row[] | undefined): Omit<ReadAt<never>, 'value'> {
  const [head] = rows ?? []
  if (!head) throw notFound('this tenant')
  return { seq: head.seq as number, historyId: head.history_id as string }
}

function toApiKey(row: Row): ApiKey {
  return {
    id: row.id as string,
    name: row.name as string,
    hint: row.hint as string,
    role: row.role as string,
    created_by: row.created_by as string,
    created_at: row.created_at as string,
    expires_at: row.expires_at as string | null,
    revoked_at: row.revoked_at as string | null,
  }
}
