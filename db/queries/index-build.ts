import { type SQL, sql } from 'drizzle-orm'
import { notFound } from '../../core/errors.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import type { DeclaredIndex } from '../../core/types/definition.ts'
import type { Database, Row } from '../client.ts'
import { ENTRY_KINDS } from '../commit/index-entries.ts'
import { inGraph, runRead } from './snapshot.ts'
import { TASK_COLUMNS, type TypeTaskProgress, toTypeTask } from './type-tasks.ts'

/** Records that one page adds: no commit of the graph gets on meanwhile. */
export const BUILD_PAGE_RECORDS = 1_000
/** Records of any type that a page looks at: those of a rare type are far apart. */
const BUILD_PAGE_SCAN = 10_000
/** Entries that one page of a removal deletes. */
export const DROP_PAGE_ENTRIES = 5_000

/** `overtaken`: the task is not where it was. `last`: nothing is left after this page. */
export type IndexPage =
  | { readonly status: 'moved'; readonly task: TypeTaskProgress }
  | { readonly status: 'overtaken' }
  | { readonly status: 'last' }

/**
 * Adds the next records of the task's type to an index that is being built. Its first statement locks
 * the graph's row, behind which all commits of the graph stand in line; the second sees what was
 * committed before, so that nothing can come between reading a record and writing its entry. What was
 * written since the index was declared has its entry already.
 *
 * Throws `not_found` when the graph is not on this shard any more.
 */
export async function buildIndexPage(
  shard: Database,
  graph: GraphAddress,
  task: TypeTaskProgress,
  index: DeclaredIndex,
): Promise<IndexPage> {
  const [locked, rows] = await runRead(() =>
    shard.batch(graph.tenantId, [lockStatement(graph), buildStatement(graph, task, index)]),
  )
  if (locked?.length === 0) throw notFound('this graph')
  return toPage(rows?.[0])
}

/** Removes the next entries of an index that no type declares any more: nothing adds to them. */
export async function dropIndexPage(
  shard: Database,
  graph: GraphAddress,
  task: TypeTaskProgress,
  indexId: string,
): Promise<IndexPage> {
  const [rows] = await runRead(() =>
    shard.batch(graph.tenantId, [dropStatement(graph, task, indexId)]),
  )
  return toPage(rows?.[0])
}

function toPage(row: Row | undefined): IndexPage {
  if (!row) return { status: 'overtaken' }
  return row.is_last === true ? { status: 'last' } : { status: 'moved', task: toTypeTask(row) }
}

function lockStatement(graph: GraphAddress): SQL {
  return sql`select 1 from graphs where tenant_id = ${graph.tenantId}::uuid
    and id = ${graph.graphId}::uuid and epoch = ${graph.epoch}::bigint and deleted_at is null
    for update`
}

/** The row of the task, while it is where it was when it was loaded. */
function sameTask(graph: GraphAddress, task: TypeTaskProgress): SQL {
  return sql`${inGraph(graph, 'k')} and k.kind = ${task.kind} and k.name = ${task.name}
    and k.task = ${task.task} and k.since_seq = ${task.sinceSeq}::bigint
    and k.cursor is not distinct from ${task.cursor}::uuid and k.done = ${task.done}::bigint`
}

/** No record has it. */
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000'

function buildStatement(graph: GraphAddress, task: TypeTaskProgress, index: DeclaredIndex): SQL {
  const { table, column, source, entry } = ENTRY_KINDS[index.method]
  const records = sql.raw(task.kind === 'entity' ? 'entities' : 'relationships')
  const isEntity = task.kind === 'entity'
  const made = source({
    fields: sql`d.fields`,
    name: isEntity ? sql`r.name` : sql`null::text`,
    nameKey: isEntity ? sql`r.name_key` : sql`null::text`,
    latitude: isEntity ? sql`r.latitude` : sql`null::float8`,
    longitude: isEntity ? sql`r.longitude` : sql`null::float8`,
    properties: sql`r.properties`,
  })
  return sql`
with declared as materialized (
  select array(select jsonb_array_elements_text(i.fields)) as fields
  from types t cross join lateral jsonb_to_recordset(t.indexes) as i(id uuid, fields jsonb)
  where ${inGraph(graph, 't')} and t.kind = ${task.kind} and t.name = ${task.name}
    and i.id = ${index.id}::uuid
    and exists (select from graphs g where g.tenant_id = ${graph.tenantId}::uuid
      and g.id = ${graph.graphId}::uuid and g.epoch = ${graph.epoch}::bigint and g.deleted_at is null)
    and exists (select from type_tasks k where ${sameTask(graph, task)})
), few as materialized (
  -- A small type is one page: no index has the records of a type by id.
  select r.id from ${records} r
  where ${task.cursor === null} and exists (select from declared)
    and ${inGraph(graph, 'r')} and r.type = ${task.name} limit ${BUILD_PAGE_RECORDS + 1}
), size as materialized (
  select ${task.cursor === null} and count(*) <= ${BUILD_PAGE_RECORDS} as is_few from few
), scanned as materialized (
  select r.id, r.type = ${task.name} as is_of_type from ${records} r
  where not (select is_few from size) and exists (select from declared)
    and ${inGraph(graph, 'r')} and r.id > ${task.cursor ?? BEFORE_ALL}::uuid
  order by r.id limit ${BUILD_PAGE_SCAN}
), found as materialized (
  select id, row_number() over (order by id) as place from scanned where is_of_type
), page as materialized (
  select id from few where (select is_few from size)
  union all
  select id from found where place <= ${BUILD_PAGE_RECORDS}
), added as (
  insert into ${table} (tenant_id, graph_id, index_id, record_id, ${column})
  select ${graph.tenantId}::uuid, ${graph.graphId}::uuid, ${index.id}::uuid, p.id, e.entry
  from page p cross join lateral (
    select ${entry(made)} as entry from ${records} r, declared d
    where ${inGraph(graph, 'r')} and r.id = p.id limit 1
  ) e where e.entry is not null
  on conflict do nothing
), progress as (
  select (select is_few from size) or (select count(*) from scanned) < ${BUILD_PAGE_SCAN}
      and (select count(*) from found) <= ${BUILD_PAGE_RECORDS} as is_last,
    coalesce((select id from found where place = ${BUILD_PAGE_RECORDS}
        and (select count(*) from found) > ${BUILD_PAGE_RECORDS}),
      (select id from scanned order by id desc limit 1)) as cursor,
    (select count(*) from page) as done
  from declared
), moved as (
  update type_tasks k set cursor = p.cursor, done = k.done + p.done, updated_at = now()
  from progress p where not p.is_last and ${sameTask(graph, task)}
  returning ${TASK_COLUMNS}
)
select p.is_last, m.* from progress p left join moved m on true`
}

function dropStatement(graph: GraphAddress, task: TypeTaskProgress, indexId: string): SQL {
  const kinds = Object.values(ENTRY_KINDS)
  const removals = kinds.map(({ table }) => {
    const gone = sql`${table}_gone`
    return sql`${gone} as (
  delete from ${table} where ctid = any (array(
    select e.ctid from ${table} e where exists (select from current)
      and ${inGraph(graph, 'e')} and e.index_id = ${indexId}::uuid limit ${DROP_PAGE_ENTRIES}
  )) returning 1
)`
  })
  const counts = kinds.map(({ table }) => sql`(select count(*) from ${table}_gone)`)
  return sql`
with current as materialized (
  select from type_tasks k where ${sameTask(graph, task)}
), ${sql.join(removals, sql`, `)}, progress as (
  select ${sql.join(counts, sql` + `)} as done from current
), moved as (
  update type_tasks k set done = k.done + p.done, updated_at = now()
  from progress p where p.done > 0 and ${sameTask(graph, task)}
  returning ${TASK_COLUMNS}
)
select p.done = 0 as is_last, m.* from progress p left join moved m on true`
}
