import { type SQL, sql } from 'drizzle-orm'
import type { GraphAddress } from '../../core/log/address.ts'
import { COMMIT_INCONSISTENT } from '../log-store.ts'
import { inGraph } from '../queries/snapshot.ts'
import { entityVerdicts } from './entity-verdicts.ts'
import { indexEntries } from './index-entries.ts'
import type { CommitPayload } from './payload.ts'
import { relationshipVerdicts } from './relationship-verdicts.ts'

/**
 * The whole write of a group in one statement, so that everything in it sees one snapshot: which
 * requests are repeats, what each operation finds, its verdict, and then rows, events, answers and
 * the new head of what was not refused. It runs behind the fence, which holds the graph's row: no
 * other commit of this graph is in flight.
 *
 * Written for the planner: every lookup of a row is a `lateral … limit 1`, which it cannot trade for
 * a scan when statistics are old, and the steps after the verdicts group instead of joining, since
 * it takes every step for tiny and would join by nested loops: quadratic in the group. Rows found
 * are written by their `ctid`, which stands as long as the fence is held; were it ever to move, the
 * count of rows written no longer fits and the commit raises.
 *
 * Returns one row: `seq`, `answers` (by request) and `events` (headers, in order).
 */
export function commitStatement(log: GraphAddress, payload: CommitPayload): SQL {
  const mine = (alias: string): SQL => inGraph(log, alias)
  const keys = sql`${log.tenantId}::uuid, ${log.graphId}::uuid`

  return sql`
with head as (
  select seq, schema_seq, history_id from graphs
  where tenant_id = ${log.tenantId}::uuid and id = ${log.graphId}::uuid
), request as materialized (
  select r.*, c.fingerprint = r.fingerprint as is_repeat, c.answer as first_answer,
    c.commit_id is null and r.schema_seq = (select schema_seq from head) as is_live
  from jsonb_to_recordset(${payload.requests}::jsonb) as r(
    req int, commit_id text, fingerprint text, atomic boolean, schema_seq bigint,
    actor text, request_id text)
  left join lateral (
    select * from commits c where ${mine('c')} and c.commit_id = r.commit_id limit 1
  ) c on true
), ${entityVerdicts(payload, mine)}, ${relationshipVerdicts(payload, mine)}, refusal as (
  select req, op, atomic, verdict, cur_version from entity_op where verdict is not null
  union all
  select req, op, atomic, verdict, cur_version from relationship_op where verdict is not null
), refused as materialized (
  select distinct req from refusal where atomic
), found as (
  select 'entity' as record, req, op, commit_id, actor, request_id,
    case when a = 'delete' then 4 else 1 end as phase,
    case when a = 'delete' then 'deleted' when cur_id is null then 'created'
      when (n, lat, lon, p) is not distinct from (cur_name, cur_lat, cur_lon, cur_properties)
      then 'unchanged' else 'updated' end as outcome,
    coalesce(cur_id, id) as id, coalesce(cur_type, t) as type,
    case when cur_id is null then x else cur_external_id end as external_id,
    null::uuid as from_id, null::uuid as to_id, n as name, k as name_key, lat, lon,
    p as properties, cur_ctid, cur_version, cur_name, cur_lat, cur_lon, cur_properties, cur_created_at,
    cur_updated_at
  from entity_op where verdict is null and req not in (select req from refused)
  union all
  select 'relationship', req, op, commit_id, actor, request_id, 2,
    case when a = 'delete' then 'deleted' when cur_id is null then 'created'
      when p = cur_properties then 'unchanged' else 'updated' end,
    coalesce(cur_id, id), coalesce(cur_type, t),
    case when cur_id is null then x else cur_external_id end,
    coalesce(cur_from, from_id), coalesce(cur_to, to_id), null, null, null, null,
    p, cur_ctid, cur_version, null, null, null, cur_properties, cur_created_at, cur_updated_at
  from relationship_op where verdict is null and req not in (select req from refused)
  ${cascadeChanges(payload)}
), change as materialized (
  select found.*, now()::timestamptz(3) as at, (select seq from head) + count(*) filter (
    where outcome <> 'unchanged') over (order by req, phase, op, id rows unbounded preceding) as seq
  from found
), event as (
  select * from change where outcome <> 'unchanged'
), ${entityWrites(payload, keys)} ${relationshipWrites(payload, keys)} ${indexEntries(payload.indexMethods, mine, keys)} logged as (
  insert into events (tenant_id, graph_id, seq, at, kind, subject_id, type, external_id, from_id,
    to_id, actor, request_id, commit_id, before, after)
  select ${keys}, seq, at, record || '.' || outcome, id, type, external_id, from_id, to_id, actor,
    request_id, commit_id,
    case when cur_version is not null then jsonb_build_object('version', cur_version,
      'external_id', external_id, 'name', cur_name, 'location', case when cur_lat is not null then
        jsonb_build_object('lat', cur_lat, 'lon', cur_lon) end, 'properties', cur_properties,
      'created_at', cur_created_at, 'updated_at', cur_updated_at) end,
    case when outcome <> 'deleted' then jsonb_build_object('version', seq,
      'external_id', external_id, 'name', name, 'location', case when lat is not null then
        jsonb_build_object('lat', lat, 'lon', lon) end, 'properties', properties,
      'created_at', coalesce(cur_created_at, at), 'updated_at', at) end
  from event
), piece as (
  select req, null::int as op, null::jsonb as done, null::jsonb as refusal, null::bigint as seq
  from request where is_live
  union all
  select req, op, case when outcome = 'created' then jsonb_build_array(op, id, seq)
    when outcome = 'unchanged' then jsonb_build_array(op, id, cur_version, outcome, cur_created_at,
      cur_updated_at)
    else jsonb_build_array(op, id, seq, outcome, cur_created_at, at) end, null, seq
  from change where phase <> 3
  union all
  select req, op, null, jsonb_strip_nulls(jsonb_build_object('op', op, 'refused', verdict,
    'version', cur_version)), null
  from refusal
), outcome as (
  select req, coalesce(max(seq), (select seq from head)) as seq,
    coalesce(jsonb_agg(done order by op) filter (where done is not null), '[]') as results,
    coalesce(jsonb_agg(refusal order by op) filter (where refusal is not null), '[]') as refusals
  from piece group by req
), answer as materialized (
  select request.req, commit_id, fingerprint, request.req in (select req from refused) as is_refused,
    case when is_repeat then first_answer || '{"replayed": true}'
      when first_answer is not null then '{"status": "fingerprint_mismatch"}'
      when not is_live then jsonb_build_object('status', 'schema_moved',
        'schemaSeq', (select schema_seq from head))
      when request.req in (select req from refused) then jsonb_build_object('status', 'refused',
        'seq', (select seq from head), 'refusals', refusals)
      else jsonb_build_object('status', 'committed', 'replayed', false, 'seq', seq,
        'historyId', (select history_id from head), 'at', now()::timestamptz(3),
        'results', results || refusals) end as answer,
    is_live
  from request left join outcome using (req)
), remembered as (
  insert into commits (tenant_id, graph_id, commit_id, fingerprint, answer, at)
  select ${keys}, commit_id, fingerprint, answer, now() from answer where is_live and not is_refused
), moved as (
  update graphs g set seq = g.seq + (select count(*) from event)
  where g.tenant_id = ${log.tenantId}::uuid and g.id = ${log.graphId}::uuid
    and exists (select from event)
), checked as (
  select case when ${writtenRows(payload)} <> (select count(*) from event)
    then tendril_raise(${COMMIT_INCONSISTENT}, 'the commit would part the tables from the log')
    end as ok
)
select head.seq + (select count(*) from event) as seq, checked.ok,
  (select jsonb_agg(answer order by req) from answer) as answers,
  (select coalesce(json_agg(json_build_array(seq, record || '.' || outcome, id, type, from_id,
    to_id, external_id) order by seq), '[]') from event) as events
from head, checked`
}

function cascadeChanges({ has }: CommitPayload): SQL {
  if (!has.entityDeletions) return sql``
  return sql`union all
  select 'relationship', req, op, commit_id, actor, request_id, 3, 'deleted', id, type, external_id, from_id, to_id, null, null,
    null, null, null, ctid, version, null, null, null, properties, created_at, updated_at
  from cascade c where req not in (select req from refused)
    and id not in (
      select cur_id from relationship_op where verdict is null and cur_id is not null)
    and op in (select op from entity_op where verdict is null)`
}

function entityWrites({ has }: CommitPayload, keys: SQL): SQL {
  const creations = sql`created_entity as (
  insert into entities (tenant_id, graph_id, id, type, external_id, name, name_key, latitude,
    longitude, properties, version, created_at, updated_at)
  select ${keys}, id, type, external_id, name, name_key, lat, lon, properties, seq, at, at
  from event where record = 'entity' and outcome = 'created' returning 1
),`
  const updates = sql`updated_entity as (
  update entities e set name = v.name, name_key = v.name_key, latitude = v.lat, longitude = v.lon,
    properties = v.properties, version = v.seq, updated_at = v.at
  from event v where v.record = 'entity' and v.outcome = 'updated'
    and e.ctid = v.cur_ctid returning 1
),`
  const deletions = sql`deleted_entity as (
  delete from entities e using event v where v.record = 'entity' and v.outcome = 'deleted'
    and e.ctid = v.cur_ctid returning 1
),`
  return sql`${has.entities ? creations : sql``} ${has.entityUpdates ? updates : sql``} ${
    has.entityDeletions ? deletions : sql``
  }`
}

function relationshipWrites({ has }: CommitPayload, keys: SQL): SQL {
  const creations = sql`created_relationship as (
  insert into relationships (tenant_id, graph_id, id, type, from_id, to_id, external_id, properties,
    version, created_seq, created_at, updated_at)
  select ${keys}, id, type, from_id, to_id, external_id, properties, seq, seq, at, at
  from event where record = 'relationship' and outcome = 'created' returning 1
),`
  const updates = sql`updated_relationship as (
  update relationships r set properties = v.properties, version = v.seq, updated_at = v.at
  from event v where v.record = 'relationship' and v.outcome = 'updated'
    and r.ctid = v.cur_ctid returning 1
),`
  const deletions = sql`deleted_relationship as (
  delete from relationships r using event v where v.record = 'relationship'
    and v.outcome = 'deleted' and r.ctid = v.cur_ctid returning 1
),`
  return sql`${has.relationships ? creations : sql``} ${has.relationshipUpdates ? updates : sql``} ${
    has.relationshipDeletions || has.entityDeletions ? deletions : sql``
  }`
}

/** Counts what was really written: every event must have changed exactly one row. */
function writtenRows({ has }: CommitPayload): SQL {
  const writes = {
    created_entity: has.entities,
    updated_entity: has.entityUpdates,
    deleted_entity: has.entityDeletions,
    created_relationship: has.relationships,
    updated_relationship: has.relationshipUpdates,
    deleted_relationship: has.relationshipDeletions || has.entityDeletions,
  }
  const counts = Object.entries(writes).filter(([, isThere]) => isThere)
  return sql.raw(['0', ...counts.map(([name]) => `(select count(*) from ${name})`)].join(' + '))
}
