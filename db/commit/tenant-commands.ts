import { type SQL, sql } from 'drizzle-orm'
import type { TenantId } from '../../core/ids.ts'
import {
  type Admission,
  DEFAULT_GRAPH,
  type TenantCommand,
  type TenantRequest,
} from '../../core/tenant/requests.ts'

/** The verdict, the rows it writes and the event it leaves, of one kind of command. */
export type Parts = {
  readonly verdict: SQL
  readonly writes: SQL
  readonly kind: string
  readonly subjectId: string
  readonly image: SQL
}

/** What opens single rows of others to this command (see the policies). */
export function settingsOf(command: TenantCommand): Readonly<Record<string, string>> {
  if (command.action !== 'register') return {}
  const { admission, email } = command
  return {
    'tendril.email': email,
    ...(admission.by === 'invitation' ? { 'tendril.invitation_hash': admission.hash } : {}),
  }
}

/**
 * Rows that another tenant's log may change at the same moment: whoever comes second waits here, and
 * decides in the statement after this one, which sees what the first has done.
 */
export function locksOf(tenantId: TenantId, command: TenantCommand): SQL[] {
  if (command.action === 'register' && command.admission.by === 'invitation') {
    return [sql`select from invitations where hash = ${command.admission.hash} for update`]
  }
  if (command.action === 'revoke_invitation') {
    return [
      sql`select from invitations where tenant_id = ${tenantId}::uuid
        and id = ${command.invitationId}::uuid for update`,
    ]
  }
  return []
}

export function partsOf(tenantId: TenantId, { command, actor }: TenantRequest): Parts {
  const tenant = sql`${tenantId}::uuid`
  switch (command.action) {
    case 'register':
      return {
        verdict: sql`case when ${notAdmitted(command.admission, command.email)}
            then 'registration_refused'
          when exists (select from users where email = ${command.email}) then 'email_taken' end`,
        writes: sql`new_tenant as (
  update tenants t set name = ${command.tenantName}, state = 'active', created_at = event.at,
    seq = event.seq from event where t.id = ${tenant}
), new_user as (
  insert into users (id, email, password_hash, created_at)
  select ${command.userId}::uuid, ${command.email}, ${command.passwordHash}, at from event
), new_member as (
  insert into memberships (tenant_id, user_id, role, created_at)
  select ${tenant}, ${command.userId}::uuid, 'owner', at from event
), new_graph as (
  insert into graphs (tenant_id, id, name, shard_id, created_at)
  select ${tenant}, ${command.graphId}::uuid, ${DEFAULT_GRAPH}, ${command.shardId}, at from event
)${admissionUsed(command.admission, tenant)}`,
        kind: 'tenant.registered',
        subjectId: tenantId,
        image: sql`jsonb_build_object('name', ${command.tenantName}::text, 'owner', ${command.userId}::text,
          'graph', ${command.graphId}::text)`,
      }
    case 'create_key':
      return {
        verdict: sql`null::text`,
        writes: sql`new_key as (
  insert into api_keys (tenant_id, id, name, hash, hint, role, created_by, created_at, expires_at)
  select ${tenant}, ${command.keyId}::uuid, ${command.name}, ${command.hash}, ${command.hint},
    ${command.role}, ${actor}, at, ${command.expiresAt}::timestamptz from event
)`,
        kind: 'key.created',
        subjectId: command.keyId,
        image: sql`jsonb_build_object('name', ${command.name}::text, 'role', ${command.role}::text,
          'hint', ${command.hint}::text)`,
      }
    case 'revoke_key':
      return {
        verdict: sql`case when not exists (select from api_keys where tenant_id = ${tenant}
          and id = ${command.keyId}::uuid and revoked_at is null) then 'not_found' end`,
        writes: sql`revoked as (
  update api_keys set revoked_at = event.at from event
  where tenant_id = ${tenant} and id = ${command.keyId}::uuid
)`,
        kind: 'key.revoked',
        subjectId: command.keyId,
        image: sql`null::jsonb`,
      }
    case 'create_graph':
      return {
        verdict: sql`case when exists (select from graphs where tenant_id = ${tenant}
          and name = ${command.name} and deleted_at is null) then 'name_taken' end`,
        writes: sql`new_graph as (
  insert into graphs (tenant_id, id, name, shard_id, created_at)
  select ${tenant}, ${command.graphId}::uuid, ${command.name}, ${command.shardId}, at from event
)`,
        kind: 'graph.created',
        subjectId: command.graphId,
        image: sql`jsonb_build_object('name', ${command.name}::text, 'shard', ${command.shardId}::text)`,
      }
    case 'delete_graph':
      return {
        verdict: sql`(select case when name = ${DEFAULT_GRAPH} then 'last_graph' end from graphs
          where tenant_id = ${tenant} and id = ${command.graphId}::uuid and deleted_at is null
          union all select 'not_found' where not exists (select from graphs
          where tenant_id = ${tenant} and id = ${command.graphId}::uuid and deleted_at is null))`,
        writes: sql`gone as (
  update graphs set deleted_at = event.at from event
  where tenant_id = ${tenant} and id = ${command.graphId}::uuid
)`,
        kind: 'graph.deleted',
        subjectId: command.graphId,
        image: sql`null::jsonb`,
      }
    case 'create_invitation':
      return {
        verdict: sql`null::text`,
        writes: sql`new_invitation as (
  insert into invitations (tenant_id, id, hash, email, created_by, created_at, expires_at)
  select ${tenant}, ${command.invitationId}::uuid, ${command.hash}, ${command.email}::text, ${actor},
    at, at + make_interval(secs => ${command.expiresInSeconds}::int) from event
)`,
        kind: 'invitation.created',
        subjectId: command.invitationId,
        image: sql`jsonb_build_object('email', ${command.email}::text, 'expires_in',
          ${command.expiresInSeconds}::int)`,
      }
    case 'revoke_invitation':
      return {
        verdict: sql`case when not exists (select from invitations where tenant_id = ${tenant}
          and id = ${command.invitationId}::uuid and used_at is null and revoked_at is null)
          then 'not_found' end`,
        writes: sql`revoked as (
  update invitations set revoked_at = event.at from event
  where tenant_id = ${tenant} and id = ${command.invitationId}::uuid
)`,
        kind: 'invitation.revoked',
        subjectId: command.invitationId,
        image: sql`null::jsonb`,
      }
  }
}

function notAdmitted(admission: Admission, email: string): SQL {
  switch (admission.by) {
    case 'anybody':
      return sql`false`
    case 'setup':
      return sql`tendril_is_set_up()`
    case 'invitation':
      return sql`not ${isGoodInvitation(admission.hash, email)}`
  }
}

/** Whether there is an invitation of that hash that `email` can register with now. */
export function isGoodInvitation(hash: string, email: string): SQL {
  return sql`exists (select from invitations where hash = ${hash} and used_at is null
    and revoked_at is null and expires_at > now() and (email is null or email = ${email}))`
}

/** What was used to be admitted is used up in the same transaction. */
function admissionUsed(admission: Admission, tenant: SQL): SQL {
  switch (admission.by) {
    case 'anybody':
      return sql``
    case 'setup':
      return sql`, first_owner as (
  insert into installation (name, tenant_id, created_at) select 'operator', ${tenant}, at from event
)`
    case 'invitation':
      return sql`, used_invitation as (
  update invitations i set used_at = event.at, used_by = ${tenant} from event
  where i.hash = ${admission.hash}
)`
  }
}
