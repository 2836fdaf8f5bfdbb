import { type SQL, sql } from 'drizzle-orm'
import { MAX_CASCADE } from '../../core/log/commands.ts'

/**
 * Relationships of deleted entities that one commit looks at, those of entities with too many
 * included: nobody reads a graph's hubs whole to be told that they stay.
 */
export const MAX_EXAMINED = 10 * MAX_CASCADE

/**
 * The relationships that go with the entities a request deletes (C6), and the operations that would
 * take too many along (`too_many`, by `op`): more than may go by itself, or more than may go with
 * those of the deletions before it, so that a commit stays bounded. A deletion that takes nothing
 * along is never among them unless it comes after all that is examined.
 *
 * One between two of them goes with the first that is not refused, or it would stay without an end:
 * so once the deletions of a request have taken all that may go, every later one that has any
 * relationship is refused, also where they are with an earlier one. Deletions go alone (C4), so there
 * is one request.
 */
export function cascades(mine: (alias: string) => SQL): SQL {
  return sql`doomed as materialized (
  select req, op, cur_id, commit_id, actor, request_id from entity_found
  where a = 'delete' and (v is null or v = cur_version) order by op
), attached as materialized (
  select d.op, r.at, r.id from doomed d cross join lateral (
    (select r.ctid as at, r.id from relationships r where ${mine('r')} and r.from_id = d.cur_id
      limit ${MAX_CASCADE + 1})
    union all
    (select r.ctid, r.id from relationships r where ${mine('r')} and r.to_id = d.cur_id
      and r.from_id <> d.cur_id limit ${MAX_CASCADE + 1})
    limit ${MAX_CASCADE + 1}
  ) r order by d.op limit ${MAX_EXAMINED}
), hub as materialized (
  select op from attached group by op having count(*) > ${MAX_CASCADE}
  union
  select op from doomed where (select count(*) from attached) = ${MAX_EXAMINED}
    and op >= (select max(op) from attached)
), going as materialized (
  select distinct on (id) op, at from attached where op not in (select op from hub) order by id, op
), running as (
  select op, sum(coalesce(own.size, 0)) over (order by op) as size
  from (select distinct op from attached where op not in (select op from hub)) each
  left join (select op, count(*) as size from going group by op) own using (op)
), too_many as materialized (
  select op from hub union all select op from running where size > ${MAX_CASCADE}
), cascade as materialized (
  select d.req, d.op, d.commit_id, d.actor, d.request_id, r.*
  from going join doomed d using (op)
  cross join lateral (select r.ctid, r.* from relationships r where r.ctid = going.at limit 1) r
  where going.op not in (select op from too_many)
),`
}
