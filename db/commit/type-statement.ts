import { type SQL, sql } from 'drizzle-orm'
import type { GraphAddress } from '../../core/log/address.ts'
import { type GraphRequest, TYPE_IN_USE, type TypeOp } from '../../core/log/requests.ts'
import { inGraph } from '../queries/snapshot.ts'

/**
 * Changes types: always a request of its own (C4). What a type shall be was decided by whoever read
 * it at the request's `schemaSeq`; the graph's `schema_seq` moves with every event of a type, so
 * nobody has changed any since, and every request that was validated before is refused (C5). Tasks
 * for the background begin and end in the same transaction as what makes them necessary.
 *
 * Runs behind the fence and returns the same row as the commit statement. Throws a `TypeError` for a
 * request that writes records, too.
 */
export function typeStatement(log: GraphAddress, request: GraphRequest): SQL {
  if (request.entities.length > 0 || request.relationships.length > 0) {
    throw new TypeError('a request changes either types or records')
  }
  const keys = sql`${log.tenantId}::uuid, ${log.graphId}::uuid`
  const mine = (alias: string): SQL => inGraph(log, alias)
  return sql`
with head as (
  select seq, schema_seq, history_id from graphs
  where tenant_id = ${log.tenantId}::uuid and id = ${log.graphId}::uuid
), known as (
  select c.fingerprint = ${request.fingerprint} as same, c.answer from commits c
  where ${mine('c')} and c.commit_id = ${request.commitId}
), live as (
  select 1 from head where not exists (select from known) and head.schema_seq = ${request.schemaSeq}::bigint
), op as materialized (
  select o.*, t.version as cur_version, t.json_schema as cur_json_schema, t.change as cur_change,
    t.indexes as cur_indexes, t.created_at as cur_created_at, t.updated_at as cur_updated_at, case
    when o.after is null and t.version is null then 'not_found'
    when o.only_if_unused and o.kind = 'entity'
      and exists (select from entities e where ${mine('e')} and e.type = o.name) then ${TYPE_IN_USE}
    when o.only_if_unused and o.kind = 'relationship'
      and exists (select from relationships r where ${mine('r')} and r.type = o.name) then ${TYPE_IN_USE}
    end as verdict
  from jsonb_to_recordset(${JSON.stringify(request.types.map(row))}::jsonb) as o(
    op int, event_kind text, kind text, name text, after jsonb, only_if_unused boolean,
    start_tasks jsonb, end_tasks jsonb)
  cross join live
  left join types t on ${mine('t')} and t.kind = o.kind and t.name = o.name
), event as materialized (
  select head.seq + row_number() over (order by op) as seq, now()::timestamptz(3) as at, op.*,
    case when after is null then 'deleted' when cur_version is null then 'created' else 'updated'
      end as outcome, coalesce(cur_created_at, now()::timestamptz(3)) as created_at
  from op, head where not exists (select from op where verdict is not null)
), written as (
  insert into types (tenant_id, graph_id, kind, name, json_schema, change, indexes, version,
    created_at, updated_at)
  select ${keys}, kind, name, after -> 'json_schema', nullif(after -> 'change', 'null'),
    after -> 'indexes', seq, created_at, at
  from event where after is not null
  on conflict (tenant_id, graph_id, kind, name) do update set json_schema = excluded.json_schema,
    change = excluded.change, indexes = excluded.indexes, version = excluded.version,
    updated_at = excluded.updated_at
), removed as (
  delete from types t using event v
  where ${mine('t')} and v.after is null and t.kind = v.kind and t.name = v.name
), begun as (
  insert into type_tasks (tenant_id, graph_id, kind, name, task, since_seq, updated_at)
  select ${keys}, kind, name, task, seq, at from event, jsonb_array_elements_text(start_tasks) as task
  on conflict (tenant_id, graph_id, kind, name, task) do update set since_seq = excluded.since_seq,
    cursor = null, done = 0, updated_at = excluded.updated_at
), ended as (
  delete from type_tasks k using event v, jsonb_array_elements_text(v.end_tasks) as gone
  where ${mine('k')} and k.kind = v.kind and k.name = v.name and k.task = gone
), logged as (
  insert into events (tenant_id, graph_id, seq, at, kind, type, actor, request_id, commit_id, before,
    after)
  select ${keys}, seq, at, event_kind, name, ${request.actor}, ${request.requestId}, ${request.commitId},
    case when cur_version is not null then jsonb_build_object('kind', kind, 'json_schema',
      cur_json_schema, 'change', cur_change, 'indexes', cur_indexes, 'version', cur_version,
      'created_at', cur_created_at, 'updated_at', cur_updated_at) end,
    case when after is not null then after || jsonb_build_object('kind', kind, 'version', seq,
      'created_at', created_at, 'updated_at', at) end
  from event
), moved as (
  update graphs set seq = (select max(seq) from event), schema_seq = (select max(seq) from event)
  where tenant_id = ${log.tenantId}::uuid and id = ${log.graphId}::uuid and exists (select from event)
), answer as (
  select case when exists (select from op where verdict is not null) then
    jsonb_build_object('status', 'refused', 'seq', head.seq, 'refusals',
      (select jsonb_agg(jsonb_build_object('op', op, 'refused', verdict) order by op) from op
        where verdict is not null))
  else
    jsonb_build_object('status', 'committed', 'replayed', false, 'historyId', head.history_id,
      'seq', (select max(seq) from event), 'results', (select jsonb_agg(jsonb_build_object('op', op,
        'outcome', outcome, 'id', name, 'version', seq, 'createdAt', created_at, 'updatedAt', at)
        order by op) from event))
  end as answer from head, live
), remembered as (
  insert into commits (tenant_id, graph_id, commit_id, fingerprint, answer, at)
  select ${keys}, ${request.commitId}, ${request.fingerprint}, answer, now() from answer
  where answer ->> 'status' = 'committed'
)
select coalesce((select max(seq) from event), head.seq) as seq,
  jsonb_build_array(coalesce(
    (select case when same then answer || '{"replayed": true}'
      else '{"status": "fingerprint_mismatch"}'::jsonb end from known),
    (select answer from answer),
    jsonb_build_object('status', 'schema_moved', 'schemaSeq', head.schema_seq))) as answers,
  (select coalesce(jsonb_agg(jsonb_build_array(seq, event_kind, null, name, null, null, null)
    order by seq), '[]') from event) as events
from head`
}

function row({ op, event, kind, name, after, onlyIfUnused, startTasks, endTasks }: TypeOp) {
  return {
    op,
    event_kind: event,
    kind,
    name,
    after,
    only_if_unused: onlyIfUnused,
    start_tasks: startTasks,
    // One statement cannot both end and begin a row: a task that begins anew is simply overwritten.
    end_tasks: endTasks.filter((task) => !startTasks.includes(task)),
  }
}
