import { type SQL, sql } from 'drizzle-orm'
import type { TenantId } from '../../core/ids.ts'
import type { RefusalCode } from '../../core/log/requests.ts'
import { DEFAULT_GRAPH, type TenantRequest } from '../../core/tenant/requests.ts'
import { type Database, DatabaseError } from '../client.ts'
import {
  type CommittedGroup,
  FENCE_REFUSED,
  type Fence,
  type LogStore,
  RECENT_EVENTS,
} from '../log-store.ts'
import { parseCommitted, parseOpened } from './answers.ts'

/** A tenant's own log in the catalog: one request per commit. */
export function tenantLogStore(catalog: Database, tenantId: TenantId): LogStore<TenantRequest> {
  return {
    async open(commitIds) {
      return parseOpened(await catalog.batch(tenantId, openStatements(tenantId, commitIds)))
    },
    async commit(fence, group) {
      const [request, ...others] = group
      if (!request || others.length > 0) throw new Error('a tenant log commits one request at once')
      const settings = {
        'tendril.tenant_id': tenantId,
        ...(request.command.action === 'register'
          ? { 'tendril.email': request.command.email }
          : {}),
      }
      try {
        const rows = await catalog.batchWith(settings, [
          fenceStatement(tenantId, fence),
          commitStatement(tenantId, request),
        ])
        return parseCommitted(rows)
      } catch (error) {
        return refusedByConstraint(error, fence)
      }
    },
  }
}

/**
 * A tenant's row is there, `pending`, before its first event: otherwise there would be no term to
 * raise, and a registration of unknown outcome could never be settled (C1).
 */
function openStatements(tenantId: TenantId, commitIds: readonly string[]): SQL[] {
  return [
    sql`insert into tenants as t (id, history_id, term) values (${tenantId}::uuid, gen_random_uuid(), 1)
      on conflict (id) do update set term = t.term + 1 returning seq, epoch, term, history_id`,
    sql`select commit_id, fingerprint, answer from commits where tenant_id = ${tenantId}::uuid
      and commit_id in (select jsonb_array_elements_text(${JSON.stringify(commitIds)}::jsonb))`,
    sql`select seq, kind, subject_id, type, from_id, to_id, external_id from events
      where tenant_id = ${tenantId}::uuid order by seq desc limit ${RECENT_EVENTS}`,
  ]
}

/** As for a graph (C1). */
function fenceStatement(tenantId: TenantId, fence: Fence): SQL {
  return sql`with locked as (
      select seq, epoch, term from tenants where id = ${tenantId}::uuid for update
    )
    select case when exists (
      select from locked where seq = ${fence.seq}::bigint and epoch = ${fence.epoch}::bigint
        and term = ${fence.term}::bigint
    )
    then true else tendril_raise(${FENCE_REFUSED}, 'the log has moved on') end as ok`
}

/** The verdict, the rows it writes and the event it leaves, of one kind of command. */
type Parts = {
  readonly verdict: SQL
  readonly writes: SQL
  readonly kind: string
  readonly subjectId: string
  readonly image: SQL
}

/** Everything of a commit that does not depend on the command; see the graph's commit statement. */
function commitStatement(tenantId: TenantId, request: TenantRequest): SQL {
  const parts = partsOf(tenantId, request)
  return sql`
with head as (
  select seq, history_id, state from tenants where id = ${tenantId}::uuid
), known as (
  select fingerprint = ${request.fingerprint} as same, answer from commits
  where tenant_id = ${tenantId}::uuid and commit_id = ${request.commitId}
), live as materialized (
  select case when (state = 'pending') <> ${request.command.action === 'register'}
    then ${request.command.action === 'register' ? 'email_taken' : 'not_found'} else (${parts.verdict}) end as verdict
  from head where not exists (select from known)
), event as materialized (
  select head.seq + 1 as seq, head.history_id, now()::timestamptz(3) as at
  from head, live where live.verdict is null
), ${parts.writes}, logged as (
  insert into events (tenant_id, seq, at, kind, subject_id, actor, request_id, commit_id, after)
  select ${tenantId}::uuid, seq, at, ${parts.kind}, ${parts.subjectId}::uuid, ${request.actor},
    ${request.requestId}, ${request.commitId}, ${parts.image} from event
), ${
    request.command.action === 'register'
      ? sql``
      : sql`moved as (
  update tenants set seq = event.seq from event where id = ${tenantId}::uuid
),`
  } answer as (
  select jsonb_build_object('status', 'committed', 'replayed', false, 'seq', seq,
    'historyId', history_id, 'results', jsonb_build_array(jsonb_build_object('op', 0,
      'outcome', 'created', 'id', ${parts.subjectId}::text, 'version', seq, 'createdAt', at,
      'updatedAt', at))) as answer
  from event
), remembered as (
  insert into commits (tenant_id, commit_id, fingerprint, answer, at)
  select ${tenantId}::uuid, ${request.commitId}, ${request.fingerprint}, answer, now() from answer
)
select coalesce((select seq from event), head.seq) as seq,
  jsonb_build_array(coalesce(
    (select case when same then answer || '{"replayed": true}'
      else '{"status": "fingerprint_mismatch"}'::jsonb end from known),
    (select answer from answer),
    (select jsonb_build_object('status', 'refused', 'seq', head.seq, 'refusals',
      jsonb_build_array(jsonb_build_object('op', 0, 'refused', verdict))) from live))) as answers,
  (select coalesce(jsonb_agg(jsonb_build_array(seq, ${parts.kind}::text, ${parts.subjectId}::text,
    null, null, null, null)), '[]') from event) as events
from head`
}

function partsOf(tenantId: TenantId, { command, actor }: TenantRequest): Parts {
  const tenant = sql`${tenantId}::uuid`
  switch (command.action) {
    case 'register':
      return {
        verdict: sql`case when exists (select from users where email = ${command.email})
          then 'email_taken' end`,
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
)`,
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
  }
}

const UNIQUE_VIOLATION = '23505'

const REFUSED_BY: Readonly<Record<string, RefusalCode>> = {
  users_email_unique: 'email_taken',
  graphs_name: 'name_taken',
}

/**
 * E-mail addresses are unique across tenants, whose logs know nothing of each other: two
 * registrations at once are parted by the index.
 */
function refusedByConstraint(error: unknown, fence: Fence): CommittedGroup {
  if (!(error instanceof DatabaseError) || error.sqlState !== UNIQUE_VIOLATION) throw error
  const refused = REFUSED_BY[error.constraint ?? '']
  if (!refused) throw error
  return {
    seq: fence.seq,
    answers: [{ status: 'refused', seq: fence.seq, refusals: [{ op: 0, refused }] }],
    events: [],
  }
}
