import { type SQL, sql } from 'drizzle-orm'
import type { GraphAddress } from '../../core/log/address.ts'
import type { GraphRequest } from '../../core/log/requests.ts'
import { inGraph } from '../queries/snapshot.ts'

/**
 * Defines types: always a request of its own (C4). A type can be defined as long as no record has
 * it, so that every record of a defined type has been checked against it. The graph's `schema_seq`
 * moves to the event, which refuses every request validated before it (C5).
 *
 * Runs behind the fence and returns the same row as the commit statement.
 */
export function typeStatement(log: GraphAddress, request: GraphRequest): SQL {
  const keys = sql`${log.tenantId}::uuid, ${log.graphId}::uuid`
  const mine = (alias: string): SQL => inGraph(log, alias)
  const ops = request.types.map((op) => ({
    op: op.op,
    kind: op.kind,
    name: op.name,
    json_schema: op.jsonSchema,
  }))
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
  select o.*, case
    when exists (select from types t where ${mine('t')} and t.kind = o.kind and t.name = o.name)
      then 'type_exists'
    when o.kind = 'entity'
      and exists (select from entities e where ${mine('e')} and e.type = o.name) then 'type_in_use'
    when o.kind = 'relationship'
      and exists (select from relationships r where ${mine('r')} and r.type = o.name) then 'type_in_use'
    end as verdict
  from jsonb_to_recordset(${JSON.stringify(ops)}::jsonb) as o(op int, kind text, name text, json_schema jsonb), live
), event as materialized (
  select head.seq + row_number() over (order by op) as seq, now()::timestamptz(3) as at, op.*
  from op, head where not exists (select from op where verdict is not null)
), defined as (
  insert into types (tenant_id, graph_id, kind, name, json_schema, version, created_at, updated_at)
  select ${keys}, kind, name, json_schema, seq, at, at from event
), logged as (
  insert into events (tenant_id, graph_id, seq, at, kind, type, actor, request_id, commit_id, after)
  select ${keys}, seq, at, 'type.defined', name, ${request.actor}, ${request.requestId},
    ${request.commitId}, jsonb_build_object('kind', kind, 'json_schema', json_schema, 'version', seq,
      'created_at', at, 'updated_at', at)
  from event
), moved as (
  update graphs set seq = (select max(seq) from event), schema_seq = (select max(seq) from event)
  where tenant_id = ${log.tenantId}::uuid and id = ${log.graphId}::uuid and exists (select from event)
), answer as (
  select case when exists (select from op where verdict is not null) then
    jsonb_build_object('status', 'refused', 'seq', head.seq, 'refusals',
      (select jsonb_agg(jsonb_build_object('op', op, 'refused', verdict)) from op where verdict is not null))
  else
    jsonb_build_object('status', 'committed', 'replayed', false, 'historyId', head.history_id,
      'seq', (select max(seq) from event), 'results', (select jsonb_agg(jsonb_build_object('op', op,
        'outcome', 'created', 'id', name, 'version', seq, 'createdAt', at, 'updatedAt', at)
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
  (select coalesce(jsonb_agg(jsonb_build_array(seq, 'type.defined', null, name, null, null, null)
    order by seq), '[]') from event) as events
from head`
}
