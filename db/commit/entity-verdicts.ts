import { type SQL, sql } from 'drizzle-orm'
import { cascades } from './cascades.ts'
import type { CommitPayload } from './payload.ts'

/** What each entity operation finds and why it is refused, if it is. */
export function entityVerdicts(payload: CommitPayload, mine: (alias: string) => SQL): SQL {
  if (!payload.has.entities) return noEntities()
  return sql`entity_found as materialized (
  select o.*, request.atomic, request.commit_id, request.actor, request.request_id,
    c.ctid as cur_ctid, c.id as cur_id, c.type as cur_type, c.external_id as cur_external_id,
    c.version as cur_version, c.name as cur_name, c.latitude as cur_lat, c.longitude as cur_lon,
    c.properties as cur_properties, c.created_at as cur_created_at, c.updated_at as cur_updated_at
  from jsonb_to_recordset(${payload.entities}::jsonb) as o(
    req int, op int, a text, id uuid, x text, t text, n text, k text, lat float8, lon float8,
    p jsonb, v bigint)
  join request on request.req = o.req and request.is_live
  left join lateral (
    (select e.ctid, e.* from entities e where ${mine('e')} and e.external_id = o.x
      and (o.id is null or o.a in ('create', 'upsert')) limit 1)
    union all
    (select e.ctid, e.* from entities e where ${mine('e')} and e.id = o.id limit 1)
    limit 1
  ) c on true
), ${payload.has.entityDeletions ? cascades(mine) : sql``} entity_op as materialized (
  select o.*, case
    when a = 'create' and cur_id = id then 'id_taken'
    when a = 'create' and cur_id is not null then 'external_id_taken'
    when a = 'upsert' and cur_id is not null and x is not null and cur_external_id is distinct from x
      then 'id_taken'
    when a = 'upsert' and cur_type <> t then 'type_mismatch'
    when a in ('update', 'delete') and cur_id is null then 'not_found'
    when v <> cur_version then 'version_mismatch'
    ${
      payload.has.entityDeletions
        ? sql`when a = 'delete' and op in (select op from too_many) then 'too_many_relationships'`
        : sql``
    }
    end as verdict
  from entity_found o
)`
}

/** The same columns without rows. */
function noEntities(): SQL {
  return sql`entity_op as (
  select null::int as req, null::int as op, false as atomic, null::text as commit_id,
    null::text as actor, null::text as request_id, null::text as a, null::uuid as id, null::text as x,
    null::text as t, null::text as n, null::text as k, null::float8 as lat, null::float8 as lon,
    null::jsonb as p, null::bigint as v, null::tid as cur_ctid, null::uuid as cur_id,
    null::text as cur_type, null::text as cur_external_id, null::bigint as cur_version,
    null::text as cur_name, null::float8 as cur_lat, null::float8 as cur_lon,
    null::jsonb as cur_properties, null::timestamptz as cur_created_at,
    null::timestamptz as cur_updated_at, null::text as verdict
  where false
)`
}
