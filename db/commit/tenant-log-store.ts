import { type SQL, sql } from 'drizzle-orm'
import type { TenantId } from '../../core/ids.ts'
import type { RefusalCode } from '../../core/log/requests.ts'
import type { TenantRequest } from '../../core/tenant/requests.ts'
import { type Database, DatabaseError } from '../client.ts'
import {
  type CommittedGroup,
  FENCE_REFUSED,
  type Fence,
  type LogStore,
  RECENT_EVENTS,
} from '../log-store.ts'
import { parseCommitted, parseOpened } from './answers.ts'
import { locksOf, partsOf, settingsOf } from './tenant-commands.ts'

/** A tenant's own log in the catalog: one request per commit. */
export function tenantLogStore(catalog: Database, tenantId: TenantId): LogStore<TenantRequest> {
  return {
    async open(commitIds) {
      return parseOpened(await catalog.batch(tenantId, openStatements(tenantId, commitIds)))
    },
    async commit(fence, group) {
      const [request, ...others] = group
      if (!request || others.length > 0) throw new Error('a tenant log commits one request at once')
      const settings = { 'tendril.tenant_id': tenantId, ...settingsOf(request.command) }
      try {
        const rows = await catalog.batchWith(settings, [
          fenceStatement(tenantId, fence),
          ...locksOf(tenantId, request.command),
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

const UNIQUE_VIOLATION = '23505'

const REFUSED_BY: Readonly<Record<string, RefusalCode>> = {
  users_email_unique: 'email_taken',
  graphs_name: 'name_taken',
  installation_pkey: 'registration_refused',
}

/**
 * E-mail addresses are unique across tenants, and there is one first owner; but tenants' logs know
 * nothing of each other: two registrations at once are parted by the index.
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
