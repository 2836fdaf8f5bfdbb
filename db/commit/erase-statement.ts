import { type SQL, sql } from 'drizzle-orm'
import type { GraphAddress } from '../../core/log/address.ts'
import type { ErasedRef, Erasure, GraphRequest } from '../../core/log/requests.ts'
import type { Database } from '../client.ts'
import { inGraph, runRead } from '../queries/snapshot.ts'

/** Events that one statement blanks: it holds the graph's writes up. */
const STEP_EVENTS = 5_000

/**
 * Appends an event for each entity that is to be erased, and blanks what the log says of it and of its
 * relationships, the first `STEP_EVENTS` events: `eraseRest` does the others. Refused where one still
 * exists, or the log knows nothing of it. Always a request of its own (C4). Runs behind the fence, so
 * that none of them comes to be meanwhile, and returns the same row as the commit statement.
 */
export function eraseStatement(log: GraphAddress, request: GraphRequest, erasure: Erasure): SQL {
  const keys = sql`${log.tenantId}::uuid, ${log.graphId}::uuid`
  const mine = (alias: string): SQL => inGraph(log, alias)
  const gone = (alias: string): SQL =>
    sql`${mine(alias)} and ${sql.raw(alias)}.kind = 'entity.deleted'`
  return sql`
with head as (
  select seq, history_id from graphs
  where tenant_id = ${log.tenantId}::uuid and id = ${log.graphId}::uuid
), known as (
  select c.fingerprint = ${request.fingerprint} as same, c.answer from commits c
  where ${mine('c')} and c.commit_id = ${request.commitId}
), wanted as materialized (
  select w.* from jsonb_to_recordset(${JSON.stringify(erasure.refs.map(row))}::jsonb) as w(
    op int, id uuid, external_id text)
  where not exists (select from known)
), found as materialized (
  select w.op, d.id, d.type from wanted w cross join lateral (
    select v.subject_id as id, v.type from events v where ${gone('v')} and v.subject_id = w.id
    order by v.seq desc limit 1) d
  union all
  select w.op, d.id, d.type from wanted w cross join lateral (
    select distinct on (v.subject_id) v.subject_id as id, v.type from events v
    where ${gone('v')} and v.external_id = w.external_id order by v.subject_id, v.seq desc) d
), refusal as materialized (
  select op, case when here then 'still_exists' else 'not_found' end as verdict from (
    select w.op,
      exists (select from entities e where ${mine('e')} and e.id = w.id)
      or exists (select from entities e where ${mine('e')} and e.external_id = w.external_id)
      or exists (select from found f where f.op = w.op and exists (
        select from entities e where ${mine('e')} and e.id = f.id)) as here,
      exists (select from found f where f.op = w.op) as told
    from wanted w) each where here or not told
), event as materialized (
  select head.seq + row_number() over (order by op, id) as seq, now()::timestamptz(3) as at, op, id, type
  from (select distinct on (id) op, id, type from found order by id, op) f, head
  where not exists (select from refusal)
), blanked as materialized (
  select tendril_erase_events(${log.graphId}::uuid, (select array_agg(id) from event),
    (select min(seq) from event), ${STEP_EVENTS}::int) as events
  where exists (select from event)
), unfinished as (
  insert into unfinished_erasures (tenant_id, graph_id, seq, entity_ids, updated_at)
  select ${keys}, min(seq), array_agg(id), now() from event
  where (select events from blanked) = ${STEP_EVENTS}::int having count(*) > 0
), logged as (
  insert into events (tenant_id, graph_id, seq, at, kind, subject_id, type, actor, request_id,
    commit_id, after)
  select ${keys}, seq, at, 'record.erased', id, type, ${request.actor}, ${request.requestId},
    ${request.commitId}, jsonb_build_object('reason', ${erasure.reason}::text)
  from event
), moved as (
  update graphs set seq = (select max(seq) from event)
  where tenant_id = ${log.tenantId}::uuid and id = ${log.graphId}::uuid and exists (select from event)
), answer as (
  select case when exists (select from refusal) then
    jsonb_build_object('status', 'refused', 'seq', head.seq, 'refusals',
      (select jsonb_agg(jsonb_build_object('op', op, 'refused', verdict) order by op) from refusal))
  else
    jsonb_build_object('status', 'committed', 'replayed', false, 'historyId', head.history_id,
      'seq', (select max(seq) from event), 'results', (select jsonb_agg(jsonb_build_object('op', op,
        'outcome', 'updated', 'id', id, 'version', seq, 'createdAt', at, 'updatedAt', at)
        order by seq) from event))
  end as answer from head where not exists (select from known)
), remembered as (
  insert into commits (tenant_id, graph_id, commit_id, fingerprint, answer, at)
  select ${keys}, ${request.commitId}, ${request.fingerprint}, answer, now() from answer
  where answer ->> 'status' = 'committed'
)
select coalesce((select max(seq) from event), head.seq) as seq,
  jsonb_build_array(coalesce(
    (select case when same then answer || '{"replayed": true}'
      else '{"status": "fingerprint_mismatch"}'::jsonb end from known),
    (select answer from answer))) as answers,
  (select coalesce(jsonb_agg(jsonb_build_array(seq, 'record.erased', id, type, null, null, null)
    order by seq), '[]') from event) as events,
  (select events from blanked) as blanked
from head`
}

function row(ref: ErasedRef) {
  return 'id' in ref
    ? { op: ref.op, id: ref.id, external_id: null }
    : { op: ref.op, id: null, external_id: ref.externalId }
}

/** What an erasure is of: the seq of its first event, and the entities. */
export type ErasureRest = { readonly seq: number; readonly ids: readonly string[] }

/**
 * Blanks what the commit of an erasure has left, in steps, until nothing is, or `isOver`. Whoever comes
 * later does the same again: what is blank stays so, and what came after the erasure is left alone.
 * Rejects with `unavailable`.
 */
export async function eraseRest(
  shard: Database,
  graph: GraphAddress,
  { seq, ids }: ErasureRest,
  isOver: () => boolean = () => false,
): Promise<void> {
  const mine = sql`${inGraph(graph, 'u')} and u.seq = ${seq}::bigint`
  const step = sql`with step as materialized (
      select tendril_erase_events(${graph.graphId}::uuid,
        array(select jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb)::uuid),
        ${seq}::bigint, ${STEP_EVENTS}::int) as events
    ), done as (
      delete from unfinished_erasures u where ${mine} and (select events from step) = 0
    ), told as (
      update unfinished_erasures u set updated_at = now()
      where ${mine} and (select events from step) > 0
    )
    select events from step`
  while (!isOver()) {
    const [rows] = await runRead(() => shard.batch(graph.tenantId, [step]))
    if (Number(rows?.[0]?.events ?? 0) === 0) return
  }
}
