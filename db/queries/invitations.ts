import { sql } from 'drizzle-orm'
import type { TenantId } from '../../core/ids.ts'
import type { Database, Row } from '../client.ts'
import { runRead } from './snapshot.ts'

/** An invitation without its code, which is not kept. */
export type Invitation = {
  readonly id: string
  readonly email: string | null
  readonly created_by: string
  readonly created_at: string
  readonly expires_at: string
  readonly used_at: string | null
  /** The tenant that was registered with it. */
  readonly used_by: string | null
  readonly revoked_at: string | null
}

/** At most `limit` invitations, newest first: those older than the one with the id `after`. */
export async function listInvitations(
  catalog: Database,
  tenant: TenantId,
  limit: number,
  after: string | null,
): Promise<Invitation[]> {
  return select(catalog, tenant, sql`(${after}::uuid is null or id < ${after}::uuid)`, limit)
}

export async function getInvitation(
  catalog: Database,
  tenant: TenantId,
  id: string,
): Promise<Invitation | null> {
  const [found] = await select(catalog, tenant, sql`id = ${id}::uuid`, 1)
  return found ?? null
}

/** Ids are time-ordered, so their order is that of creation. */
async function select(
  catalog: Database,
  tenant: TenantId,
  condition: ReturnType<typeof sql>,
  limit: number,
): Promise<Invitation[]> {
  const [rows] = await runRead(() =>
    catalog.batch(
      tenant,
      [
        sql`select id, email, created_by, created_at, expires_at, used_at, used_by, revoked_at
          from invitations where tenant_id = ${tenant}::uuid and ${condition}
          order by id desc limit ${limit}::int`,
      ],
      { mode: 'snapshot' },
    ),
  )
  return (rows ?? []).map(toInvitation)
}

function toInvitation(row: Row): Invitation {
  return {
    id: row.id as string,
    email: row.email as string | null,
    created_by: row.created_by as string,
    created_at: row.created_at as string,
    expires_at: row.expires_at as string,
    used_at: row.used_at as string | null,
    used_by: row.used_by as string | null,
    revoked_at: row.revoked_at as string | null,
  }
}
