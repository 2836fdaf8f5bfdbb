import { type SQL, sql } from 'drizzle-orm'
import type { GraphAddress } from '../../core/log/address.ts'
import type { GraphRequest } from '../../core/log/requests.ts'
import { inGraph } from '../queries/snapshot.ts'

/**
 * Appends an event for each tag whose cached values are to be read anew, and changes no record: what
 * was read before is older than its tag from then on. Always a request of its own (C4). Runs behind
 * the fence and returns the same row as the commit statement.
 */
export function purgeStatement(log: GraphAddress, request: GraphRequest): SQL {
  const keys = sql`${log.tenantId}::uuid, ${log.graphId}::uuid`
  return sql`
with head as (
  select seq, history_id from graphs
  where tenant_id = ${log.tenantId}::uuid and id = ${log.graphId}::uuid
), known as (
  select c.fingerprint = ${request.fingerprint} as same, c.answer from commits c
  where ${inGraph(log, 'c')} and c.commit_id = ${request.commitId}
), event as materialized (
  select head.seq + n as seq, now()::timestamptz(3) as at, n - 1 as op, tag
  from jsonb_array_elements_text(${JSON.stringify(request.purge ?? [])}::jsonb)
    with ordinality as wanted(tag, n), head
  where not exists (select from known)
), logged as (
  insert into events (tenant_id, graph_id, seq, at, kind, type, actor, request_id, commit_id)
  select ${keys}, seq, at, 'cache.purged', tag, ${request.actor}, ${request.requestId},
    ${request.commitId}
  from event
), moved as (
  update graphs set seq = (select max(seq) from event)
  where tenant_id = ${log.tenantId}::uuid and id = ${log.graphId}::uuid and exists (select from event)
), answer as (
  select jsonb_build_object('status', 'committed', 'replayed', false, 'historyId', head.history_id,
    'seq', (select max(seq) from event), 'results', (select jsonb_agg(jsonb_build_object('op', op,
      'outcome', 'updated', 'id', tag, 'version', seq, 'createdAt', at, 'updatedAt', at)
      order by op) from event)) as answer
  from head where exists (select from event)
), remembered as (
  insert into commits (tenant_id, graph_id, commit_id, fingerprint, answer, at)
  select ${keys}, ${request.commitId}, ${request.fingerprint}, answer, now() from answer
)
select coalesce((select max(seq) from event), head.seq) as seq,
  jsonb_build_array(coalesce(
    (select case when same then answer || '{"replayed": true}'
      else '{"status": "fingerprint_mismatch"}'::jsonb end from known),
    (select answer from answer))) as answers,
  (select coalesce(jsonb_agg(jsonb_build_array(seq, 'cache.purged', null, tag, null, null, null)
    order by seq), '[]') from event) as events
from head`
}
