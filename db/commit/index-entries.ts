import { type SQL, sql } from 'drizzle-orm'
import type { IndexMethod } from '../../core/types/definition.ts'

/** Where the entries of a method stand, and how they are made of a record's columns. */
type EntryKind = {
  readonly table: SQL
  readonly column: SQL
  /** What the entry follows from: an update that leaves it alone writes nothing. */
  readonly source: (record: RecordColumns) => SQL
  readonly entry: (source: SQL) => SQL
}

/** Expressions of one record, as it is or as it was. */
export type RecordColumns = Readonly<
  Record<'fields' | 'name' | 'nameKey' | 'latitude' | 'longitude' | 'properties', SQL>
>

export const ENTRY_KINDS: Readonly<Record<IndexMethod, EntryKind>> = {
  composite: {
    table: sql`index_entries`,
    column: sql`key`,
    source: (r) => sql`tendril_index_key(${r.fields}, ${r.nameKey}, ${r.properties})`,
    entry: (source) => source,
  },
  text: {
    table: sql`text_entries`,
    column: sql`body`,
    source: (r) => sql`tendril_index_body(${r.fields}, ${r.nameKey}, ${r.properties})`,
    entry: (source) => source,
  },
  fulltext: {
    table: sql`fulltext_entries`,
    column: sql`document`,
    source: (r) => sql`tendril_index_words(${r.fields}, ${r.name}, ${r.properties})`,
    entry: (source) => sql`tendril_document(${source})`,
  },
  geo: {
    table: sql`geo_entries`,
    column: sql`place`,
    source: (r) => sql`tendril_place(${r.latitude}, ${r.longitude})`,
    entry: (source) => source,
  },
}

const METHODS: readonly IndexMethod[] = ['composite', 'text', 'fulltext', 'geo']

/**
 * The part of the commit statement that keeps the declared indexes: of every event of a type that
 * declares some, the entries from before it go and those from after it come. Nothing when `methods`,
 * those of the graph's indexes, is empty. The steps before it end with `event`.
 *
 * The indexes are read here, behind the fence, and not carried: a request that was validated against
 * other types is refused anyway (C5).
 */
export function indexEntries(
  methods: readonly IndexMethod[],
  mine: (alias: string) => SQL,
  keys: SQL,
): SQL {
  if (methods.length === 0) return sql``
  const steps = METHODS.filter((method) => methods.includes(method)).map((method) =>
    method === 'composite' ? compositeSteps(mine, keys) : searchSteps(method, mine, keys),
  )
  return sql`declared_index as materialized (
  select t.kind, t.name as type, i.id, i.method,
    array(select jsonb_array_elements_text(i.fields)) as fields
  from types t cross join lateral jsonb_to_recordset(t.indexes) as i(id uuid, method text, fields jsonb)
  where ${mine('t')} and t.indexes <> '[]'
), indexed_change as materialized (
  select d.id as index_id, d.method, d.fields, v.*, old.name_key as cur_name_key
  from event v join declared_index d on d.kind = v.record and d.type = v.type
  left join lateral (
    select e.name_key from entities e where e.ctid = v.cur_ctid and v.record = 'entity' limit 1
  ) old on true
), ${sql.join(steps, sql` `)}`
}

const AFTER: RecordColumns = {
  fields: sql`fields`,
  name: sql`name`,
  nameKey: sql`name_key`,
  latitude: sql`lat`,
  longitude: sql`lon`,
  properties: sql`properties`,
}

const BEFORE: RecordColumns = {
  fields: sql`fields`,
  name: sql`cur_name`,
  nameKey: sql`cur_name_key`,
  latitude: sql`cur_lat`,
  longitude: sql`cur_lon`,
  properties: sql`cur_properties`,
}

/** What the entries of a method are made of before and after each change; null where there is no record. */
function sources(method: IndexMethod, name: SQL): SQL {
  const { source } = ENTRY_KINDS[method]
  return sql`${name} as materialized (
  select index_id, id as record_id,
    case when outcome <> 'deleted' then ${source(AFTER)} end as source,
    case when outcome <> 'created' then ${source(BEFORE)} end as cur_source
  from indexed_change where method = ${method}
)`
}

/** The key is part of the entry's own: a changed one is another entry. */
function compositeSteps(mine: (alias: string) => SQL, keys: SQL): SQL {
  return sql`${sources('composite', sql`key_change`)}, stale_key as materialized (
  select e.ctid from key_change c cross join lateral (
    select e.ctid from index_entries e where ${mine('e')} and e.index_id = c.index_id
      and e.key = c.cur_source and e.record_id = c.record_id limit 1
  ) e where c.source is distinct from c.cur_source
), removed_key as (
  delete from index_entries e using stale_key s where e.ctid = s.ctid
), added_key as (
  insert into index_entries (tenant_id, graph_id, index_id, record_id, key)
  select ${keys}, index_id, record_id, source from key_change
  where source is not null and source is distinct from cur_source
  on conflict do nothing
),`
}

/** A record has one entry or, without anything to search in, none. */
function searchSteps(
  method: Exclude<IndexMethod, 'composite'>,
  mine: (alias: string) => SQL,
  keys: SQL,
): SQL {
  const { table, column, entry } = ENTRY_KINDS[method]
  const step = (name: string) => sql.raw(`${method}_${name}`)
  return sql`${sources(method, step('source'))}, ${step('change')} as materialized (
  select index_id, record_id, ${entry(sql`source`)} as entry
  from ${step('source')} where source is distinct from cur_source
), ${step('stale')} as materialized (
  select e.ctid from ${step('change')} c cross join lateral (
    select e.ctid from ${table} e where ${mine('e')} and e.index_id = c.index_id
      and e.record_id = c.record_id limit 1
  ) e where c.entry is null
), ${step('removed')} as (
  delete from ${table} e using ${step('stale')} s where e.ctid = s.ctid
), ${step('added')} as (
  insert into ${table} as e (tenant_id, graph_id, index_id, record_id, ${column})
  select ${keys}, index_id, record_id, entry from ${step('change')} where entry is not null
  on conflict (tenant_id, graph_id, index_id, record_id)
    do update set ${column} = excluded.${column}
),`
}
