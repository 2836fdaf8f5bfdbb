import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { is, type SQL } from 'drizzle-orm'
import { getTableConfig, type IndexedColumn, PgDialect, PgTable } from 'drizzle-orm/pg-core'
import type { DatabaseKind } from '../../db/migrate.ts'

export type ColumnShape = { name: string; type: string; notNull: boolean; hasDefault: boolean }

export type IndexShape = {
  name: string
  unique: boolean
  primary: boolean
  columns: string[]
  where: string | null
}

export type TableShape = { name: string; columns: ColumnShape[]; indexes: IndexShape[] }

const SCHEMA = join(import.meta.dirname, '../../db/schema')
const dialect = new PgDialect()

/** Every table that the files in db/schema declare for a kind of database, by name. */
export async function declaredTables(kind: DatabaseKind): Promise<TableShape[]> {
  const files = await readdir(join(SCHEMA, kind))
  const modules = await Promise.all(files.map((file) => import(join(SCHEMA, kind, file))))
  return modules
    .flatMap((module) => Object.values(module))
    .filter((value) => is(value, PgTable))
    .map(shapeOf)
    .sort(byName)
}

function shapeOf(table: PgTable): TableShape {
  const { name, columns, indexes, primaryKeys } = getTableConfig(table)
  return {
    name,
    columns: columns
      .map((column) => ({
        name: column.name,
        type: column.getSQLType().replace(' (', '('),
        notNull: column.notNull,
        hasDefault: column.hasDefault,
      }))
      .sort(byName),
    indexes: [
      ...primaryKeys.map((key) => unique(key.getName(), key.columns, true)),
      ...columns
        .filter((column) => column.primary)
        .map((column) => unique(`${name}_pkey`, [column], true)),
      ...columns
        .filter((column) => column.isUnique)
        .map((column) => unique(column.uniqueName ?? '', [column], false)),
      ...indexes.map(({ config }) => ({
        name: config.name ?? '',
        unique: config.unique,
        primary: false,
        columns: config.columns.map(columnName),
        where: config.where ? dialect.sqlToQuery(config.where).sql.toLowerCase() : null,
      })),
    ].sort(byName),
  }
}

function unique(name: string, columns: readonly { name: string }[], primary: boolean): IndexShape {
  return {
    name,
    unique: true,
    primary,
    columns: columns.map((column) => column.name),
    where: null,
  }
}

function columnName(column: Partial<IndexedColumn | SQL>): string {
  if (!('name' in column) || column.name === undefined) {
    throw new Error('an index on an expression has no column to compare')
  }
  return column.name
}

export function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1
}
