import { type SQL, sql } from 'drizzle-orm'
import { isRole, type Role } from '../../core/auth/permissions.ts'
import { graphId, type TenantId, tenantId } from '../../core/ids.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import type { Database, Row } from '../client.ts'
import { runRead } from './snapshot.ts'

/** Who is asking, and on whose behalf. */
export type Principal = {
  readonly tenantId: TenantId
  /** `key:<id>` or `user:<id>`: what events name as their actor. */
  readonly actor: string
  readonly role: Role
  /** `active` or `suspended`. */
  readonly tenantState: string
  /** Whether the tenant is that of whoever runs the installation. */
  readonly isOperator: boolean
}

/** What a credential gives access to; `graph` is the graph asked for, if the tenant has it. */
export type Access = {
  readonly principal: Principal
  readonly graph: GraphAddress | null
  /** RFC 3339; `null`: the credential's own end is checked elsewhere, or it has none. */
  readonly expiresAt: string | null
  /** The place in the tenant's log at which this was so. */
  readonly seq: number
  readonly historyId: string
}

/** By an API key's hash; `null`: unknown, revoked or expired. One round trip. */
export async function accessByKey(
  catalog: Database,
  keyHash: string,
  graphName: string | null,
): Promise<Access | null> {
  const [keys, tenants, graphs] = await runRead(() =>
    catalog.batchWith(
      { 'tendril.key_hash': keyHash },
      [
        // The key names the tenant; the statements after this one speak for it.
        sql`select id, role, expires_at,
          set_config('tendril.tenant_id', tenant_id::text, true) as tenant_id
          from api_keys where hash = ${keyHash} and revoked_at is null
            and (expires_at is null or expires_at > now())`,
        ...tenantAndGraph(sql`name = ${graphName}`),
      ],
      { mode: 'snapshot' },
    ),
  )
  const key = keys?.[0]
  if (!key) return null
  const { tenant_id: tenant, id, role, expires_at: expiresAt } = key
  const credential = { actor: `key:${id}`, role, expiresAt: expiresAt as string | null }
  return access(tenant as string, credential, tenants, graphs)
}

/** By a user's membership of a tenant; `null`: not a member any more. One round trip. */
export async function accessByMember(
  catalog: Database,
  tenant: TenantId,
  userId: string,
  graphName: string | null,
): Promise<Access | null> {
  const [members, tenants, graphs] = await runRead(() =>
    catalog.batch(
      tenant,
      [
        sql`select role from memberships
          where tenant_id = ${tenant}::uuid and user_id = ${userId}::uuid`,
        ...tenantAndGraph(sql`name = ${graphName}`),
      ],
      { mode: 'snapshot' },
    ),
  )
  const member = members?.[0]
  if (!member) return null
  const credential = { actor: `user:${userId}`, role: member.role, expiresAt: null }
  return access(tenant, credential, tenants, graphs)
}

/** In whose name the installation itself does what a reader could. */
export const SYSTEM_ACTOR = 'system'

/**
 * By who events name as their actor, with the graph of that id; `null`: the key or membership is not good
 * any more. `SYSTEM_ACTOR` may read. One round trip.
 */
export async function accessByActor(
  catalog: Database,
  tenant: TenantId,
  actor: string,
  graph: string | null,
): Promise<Access | null> {
  const [, kind, id = null] = /^(key|user):([0-9a-f-]{36})$/.exec(actor) ?? []
  if (id === null && actor !== SYSTEM_ACTOR) return null
  const [found, tenants, graphs] = await runRead(() =>
    catalog.batch(
      tenant,
      [
        id === null
          ? sql`select 'reader' as role`
          : kind === 'key'
            ? sql`select role from api_keys where tenant_id = ${tenant}::uuid and id = ${id}::uuid
              and revoked_at is null and (expires_at is null or expires_at > now())`
            : sql`select role from memberships
              where tenant_id = ${tenant}::uuid and user_id = ${id}::uuid`,
        ...tenantAndGraph(sql`id = ${graph}::uuid`),
      ],
      { mode: 'snapshot' },
    ),
  )
  const [row] = found ?? []
  if (!row) return null
  return access(tenant, { actor, role: row.role, expiresAt: null }, tenants, graphs)
}

function tenantAndGraph(condition: SQL): SQL[] {
  return [
    sql`select state, seq, history_id, exists (select from installation
        where name = 'operator' and tenant_id = tendril_tenant()) as is_operator
      from tenants where id = tendril_tenant()`,
    sql`select tenant_id, id, shard_id, epoch from graphs
      where tenant_id = tendril_tenant() and ${condition} and deleted_at is null`,
  ]
}

function access(
  tenant: string,
  { actor, role, expiresAt }: Pick<Access, 'expiresAt'> & { actor: string; role: unknown },
  tenants: readonly Row[] | undefined,
  graphs: readonly Row[] | undefined,
): Access | null {
  const { state, seq, history_id: historyId, is_operator: isOperator } = tenants?.[0] ?? {}
  if (typeof state !== 'string' || !isRole(role)) return null
  const graph = graphs?.[0]
  return {
    principal: {
      tenantId: tenantId(tenant),
      actor,
      role,
      tenantState: state,
      isOperator: isOperator === true,
    },
    graph: graph
      ? {
          kind: 'graph',
          tenantId: tenantId(tenant),
          graphId: graphId(graph.id as string),
          shardId: graph.shard_id as string,
          epoch: graph.epoch as number,
        }
      : null,
    expiresAt,
    seq: seq as number,
    historyId: historyId as string,
  }
}

export type LoginUser = {
  readonly id: string
  readonly passwordHash: string
  readonly memberships: readonly { readonly tenantId: TenantId; readonly role: Role }[]
}

/** The user with that e-mail address and the tenants it belongs to. */
export async function findLoginUser(catalog: Database, email: string): Promise<LoginUser | null> {
  const [users, members] = await runRead(() =>
    catalog.batchWith(
      { 'tendril.email': email },
      [
        sql`select id, password_hash, set_config('tendril.user_id', id::text, true) from users
          where email = ${email}`,
        sql`select m.tenant_id, m.role from memberships m
          where m.user_id = nullif(current_setting('tendril.user_id', true), '')::uuid
          order by m.created_at, m.tenant_id`,
      ],
      { mode: 'snapshot' },
    ),
  )
  const user = users?.[0]
  if (!user) return null
  return {
    id: user.id as string,
    passwordHash: user.password_hash as string,
    memberships: (members ?? []).map((row) => ({
      tenantId: tenantId(row.tenant_id as string),
      role: row.role as Role,
    })),
  }
}
