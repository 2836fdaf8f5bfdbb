import { type SQL, sql } from 'drizzle-orm'
import type { CommitPayload } from './payload.ts'

/** What each relationship operation finds, ends included, and why it is refused, if it is. */
export function relationshipVerdicts(payload: CommitPayload, mine: (alias: string) => SQL): SQL {
  const { has } = payload
  if (!has.relationships) {
    return sql`relationship_op as (
  select null::int as req, null::int as op, false as atomic, null::text as commit_id,
    null::text as actor, null::text as request_id, null::text as a, null::uuid as id, null::text as x,
    null::text as t, null::jsonb as p, null::bigint as v, null::tid as cur_ctid, null::uuid as cur_id,
    null::text as cur_type, null::text as cur_external_id, null::bigint as cur_version,
    null::jsonb as cur_properties, null::timestamptz as cur_created_at,
    null::timestamptz as cur_updated_at, null::uuid as cur_from, null::uuid as cur_to,
    null::uuid as from_id, null::uuid as to_id, null::text as verdict
  where false
)`
  }
  const isGone = (id: SQL): SQL =>
    has.entityDeletions
      ? sql`${id} in (select cur_id from entity_op where a = 'delete' and verdict is null)`
      : sql`false`
  const ids = (end: End): SQL =>
    sql.join([sql`null::uuid`, ...ends(payload, end, mine).ids], sql`, `)
  const joins = (end: End): SQL => sql.join(ends(payload, end, mine).joins, sql` `)
  return sql`new_end as materialized (
  select req, op, case when verdict is null then coalesce(cur_id, id) end as id from entity_op
), relationship_found as materialized (
  select o.*, request.atomic, request.commit_id, request.actor, request.request_id,
    c.ctid as cur_ctid, c.id as cur_id, c.type as cur_type, c.external_id as cur_external_id,
    c.version as cur_version, c.properties as cur_properties, c.created_at as cur_created_at,
    c.updated_at as cur_updated_at, c.from_id as cur_from, c.to_id as cur_to,
    coalesce(${ids('f')}) as from_id, coalesce(${ids('d')}) as to_id
  from jsonb_to_recordset(${payload.relationships}::jsonb) as o(
    req int, op int, a text, id uuid, x text, t text, f uuid, fx text, fo int, d uuid, dx text,
    "do" int, p jsonb, v bigint)
  join request on request.req = o.req and request.is_live
  left join lateral (
    (select r.ctid, r.* from relationships r where ${mine('r')} and r.external_id = o.x
      and (o.id is null or o.a in ('create', 'upsert')) limit 1)
    union all
    (select r.ctid, r.* from relationships r where ${mine('r')} and r.id = o.id limit 1)
    limit 1
  ) c on true
  ${joins('f')} ${joins('d')}
), relationship_op as materialized (
  select o.*, case
    when a = 'create' and cur_id = id then 'id_taken'
    when a = 'create' and cur_id is not null then 'external_id_taken'
    when a = 'upsert' and cur_id is not null and x is not null and cur_external_id is distinct from x
      then 'id_taken'
    when a in ('update', 'delete') and cur_id is null then 'not_found'
    when v <> cur_version then 'version_mismatch'
    when a = 'upsert' and cur_type <> t then 'type_mismatch'
    when a in ('create', 'upsert') and (from_id is null or ${isGone(sql`from_id`)})
      then 'from_not_found'
    when a in ('create', 'upsert') and (to_id is null or ${isGone(sql`to_id`)})
      then 'to_not_found'
    when a = 'upsert' and (cur_from <> from_id or cur_to <> to_id) then 'ends_mismatch'
    when a = 'update' and ${isGone(sql`cur_from`)} then 'from_not_found'
    when a = 'update' and ${isGone(sql`cur_to`)} then 'to_not_found'
    end as verdict
  from relationship_found o
)`
}

/** `f` is the end a relationship comes from, `d` its destination. */
type End = 'f' | 'd'

/** Finds one end in the ways in which the group names ends at all. */
function ends({ has }: CommitPayload, end: End, mine: (alias: string) => SQL) {
  const ids: SQL[] = []
  const joins: SQL[] = []
  const add = (way: string, isUsed: boolean, join: (alias: SQL, name: SQL) => SQL): void => {
    if (!isUsed) return
    const alias = sql.raw(`${end}_${way}`)
    ids.push(sql`${alias}.id`)
    joins.push(join(alias, sql.raw(`o."${end}${way}"`)))
  }
  const entity = (alias: SQL, condition: SQL): SQL => sql`left join lateral (
    select e.id from entities e where ${mine('e')} and ${condition} limit 1
  ) ${alias} on true`
  add('', has.endsById, (alias, id) => entity(alias, sql`e.id = ${id}`))
  add('x', has.endsByExternalId, (alias, name) => entity(alias, sql`e.external_id = ${name}`))
  add('o', has.endsByOp, (alias, op) => {
    return sql`left join new_end ${alias} on ${alias}.req = o.req and ${alias}.op = ${op}`
  })
  return { ids, joins }
}
