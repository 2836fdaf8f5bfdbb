import { sql } from 'drizzle-orm'
import type { TenantId } from '../../core/ids.ts'
import type { Database, Row } from '../client.ts'
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

export async function listKeys(catalog: Database, tenant: TenantId): Promise<ApiKey[]> {
  const [rows] = await runRead(() =>
    catalog.batch(
      tenant,
      [
        sql`select id, name, hint, role, created_by, created_at, expires_at, revoked_at from api_keys
          where tenant_id = ${tenant}::uuid order by created_at, id`,
      ],
      { mode: 'snapshot' },
    ),
  )
  return (rows ?? []).map(toApiKey)
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

export async function listGraphs(catalog: Database, tenant: TenantId): Promise<Graph[]> {
  const [rows] = await runRead(() =>
    catalog.batch(
      tenant,
      [
        sql`select id, name, created_at from graphs
          where tenant_id = ${tenant}::uuid and deleted_at is null order by name`,
      ],
      { mode: 'snapshot' },
    ),
  )
  return (rows ?? []).map((row) => ({
    id: row.id as string,
    name: row.name as string,
    created_at: row.created_at as string,
  }))
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
