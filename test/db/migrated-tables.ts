import type pg from 'pg'
import { byName, type ColumnShape, type IndexShape, type TableShape } from './drizzle-tables.ts'

/** Tables proper, a partitioned one without its partitions; not those of drizzle itself. */
const TABLES = `select oid, relname from pg_class
  where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition`

/** Every table that a migrated database has, by name. */
export async function migratedTables(owner: pg.Client): Promise<TableShape[]> {
  const columns = await owner.query<ColumnShape & { table: string }>(
    `select t.relname as table, attname as name, attnotnull as "notNull",
        format_type(atttypid, atttypmod) as type, atthasdef as "hasDefault"
      from pg_attribute join (${TABLES}) t on t.oid = attrelid
      where attnum > 0 and not attisdropped`,
  )
  const indexes = await owner.query<IndexShape & { table: string }>(
    `select t.relname as table, i.relname as name, indisunique as unique, indisprimary as primary,
        lower(trim('()' from pg_get_expr(indpred, indrelid))) as where,
        array(select pg_get_indexdef(indexrelid, k, true)
          from generate_series(1, indnkeyatts::int) as k) as columns
      from pg_index join (${TABLES}) t on t.oid = indrelid join pg_class i on i.oid = indexrelid`,
  )
  const { rows } = await owner.query<{ relname: string }>(TABLES)
  return rows
    .map(({ relname }) => ({
      name: relname,
      columns: of(relname, columns.rows),
      indexes: of(relname, indexes.rows),
    }))
    .sort(byName)
}

function of<Row extends { table: string; name: string }>(table: string, rows: readonly Row[]) {
  return rows
    .filter((row) => row.table === table)
    .map(({ table: _table, ...rest }) => rest)
    .sort(byName)
}
