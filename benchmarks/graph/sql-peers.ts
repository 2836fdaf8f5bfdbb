import type pg from 'pg'
import type { GraphAddress } from '../../core/log/address.ts'

/** A way to ask PostgreSQL: `count` what is within three hops, `ids` of it, edges of a shortest `path`. */
export type Peer = {
  readonly name: string
  count(source: string): Promise<number>
  ids(source: string): Promise<number>
  /** `null` without a path. */
  path(source: string, target: string): Promise<number | null>
}

const DEPTH = 3
/** Most edges of a path; more than any two nodes of the graph are apart. */
const LONGEST = 12

const IN_GRAPH = `r.tenant_id = (select tendril_tenant()) and r.graph_id = (select $1::uuid)`

/** What a textbook says: a recursive query whose union removes what a level has twice. */
export function recursivePeer(client: pg.Client, { graphId }: GraphAddress): Peer {
  const walk = `with recursive walk(id, depth) as (
      select $2::uuid, 0
      union
      select r.to_id, w.depth + 1 from walk w join relationships r
        on ${IN_GRAPH} and r.from_id = w.id where w.depth < $3
    )`
  return {
    name: 'recursive',
    count: (source) =>
      one(client, `${walk} select count(distinct id)::int as n from walk`, [
        graphId,
        source,
        DEPTH,
      ]),
    ids: (source) => size(client, `${walk} select distinct id from walk`, [graphId, source, DEPTH]),
    // Rows come level by level, so that the first one found is the nearest.
    path: (source, target) =>
      oneOrNone(client, `${walk} select depth as n from walk where id = $4 limit 1`, [
        ...[graphId, source, LONGEST, target],
      ]),
  }
}

/** A recursive query whose rows are levels: the level, and all that was seen before, as arrays. */
export function levelsPeer(client: pg.Client, { graphId }: GraphAddress): Peer {
  const levels = (stop: string) => `with recursive level(depth, ids, seen) as (
      select 0, array[$2::uuid], array[$2::uuid]
      union all
      select l.depth + 1, next.ids, l.seen || next.ids
      from level l cross join lateral (
        select array_agg(distinct r.to_id) as ids
        from unnest(l.ids) as f(id) cross join lateral (
          select r.to_id from relationships r where ${IN_GRAPH} and r.from_id = f.id offset 0
        ) r where r.to_id not in (select unnest(l.seen))
      ) next where l.depth < $3 and next.ids is not null ${stop}
    )`
  const last = `from level order by depth desc limit 1`
  return {
    name: 'levels',
    count: (source) =>
      one(client, `${levels('')} select cardinality(seen) as n ${last}`, [graphId, source, DEPTH]),
    ids: (source) =>
      size(client, `${levels('')} select unnest(seen) from (select seen ${last}) l`, [
        ...[graphId, source, DEPTH],
      ]),
    path: (source, target) =>
      oneOrNone(
        client,
        `${levels('and not $4::uuid = any (l.ids)')}
          select case when $4::uuid = any (ids) then depth end as n ${last}`,
        [graphId, source, LONGEST, target],
      ),
  }
}

/** The searches of the migrations, called as the engine calls them. */
export function functionPeer(client: pg.Client, { graphId }: GraphAddress): Peer {
  const all = `true, false, null, null, null`
  return {
    name: 'functions',
    count: (source) =>
      one(
        client,
        `select (select sum(n)::int from unnest(t.by_depth) as n) as n from tendril_traverse($1,
          array[$2]::uuid[], ${all}, $3, null, 0, false, null, 20000000, null) t`,
        [graphId, source, DEPTH],
      ),
    ids: (source) =>
      size(
        client,
        `select unnest(t.ids) from tendril_traverse($1, array[$2]::uuid[], ${all}, $3, 10000000, null,
          false, null, 20000000, null) t`,
        [graphId, source, DEPTH],
      ),
    path: (source, target) =>
      oneOrNone(
        client,
        `select json_array_length(t.paths -> 0 -> 'hops') as n
          from tendril_paths($1, $2, $4, ${all}, 1, null, $3, 20000000, null) t`,
        [graphId, source, LONGEST, target],
      ),
  }
}

async function one(client: pg.Client, sql: string, values: unknown[]): Promise<number> {
  return (await oneOrNone(client, sql, values)) ?? Number.NaN
}

/** Prepared, as connections of a pool are used again. */
async function oneOrNone(client: pg.Client, sql: string, values: unknown[]) {
  const { rows } = await client.query<{ n: number | null }>({
    name: nameOf(sql),
    text: sql,
    values,
  })
  return rows[0]?.n ?? null
}

async function size(client: pg.Client, sql: string, values: unknown[]): Promise<number> {
  const { rows } = await client.query({ name: nameOf(sql), text: sql, values, rowMode: 'array' })
  return rows.length
}

const names = new Map<string, string>()

function nameOf(sql: string): string {
  const name = names.get(sql) ?? `q${names.size}`
  names.set(sql, name)
  return name
}
