import { randomUUID } from 'node:crypto'
import pg from 'pg'

/** A table whose rows belong to tenants, and the column that says to whom. */
export type TenantTable = { readonly name: string; readonly key: string }

/** Every table but `users`, whose rows belong to nobody in particular. */
export async function tenantTables(owner: pg.Client): Promise<TenantTable[]> {
  const { rows } = await owner.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace
      and relkind in ('r', 'p') and not relispartition and relname <> 'users' order by relname`,
  )
  return rows.map(({ name }) => ({ name, key: name === 'tenants' ? 'id' : 'tenant_id' }))
}

/** Values for all columns of a new row, by type: different in every call, but for the tenant. */
export async function newRow(owner: pg.Client, table: TenantTable, tenant: string) {
  const { rows } = await owner.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, null) as type from pg_attribute
      where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
    [table.name],
  )
  return new Map(
    rows.map(({ name, type }) => [name, name === table.key ? tenant : newValue(name, type)]),
  )
}

function newValue(name: string, type: string): string | null {
  switch (type) {
    case 'uuid':
      return randomUUID()
    case 'uuid[]':
    case 'jsonb':
      return '{}'
    case 'bigint':
    case 'double precision':
      return String(Math.floor(Math.random() * 2 ** 40))
    case 'timestamp with time zone':
      return name === 'deleted_at' ? null : new Date().toISOString()
    case 'text':
    case 'tsvector':
      return randomUUID()
    case 'bytea':
      return `\\x${randomUUID().replaceAll('-', '')}`
    case 'cube':
      return `(${Math.random()}, ${Math.random()}, ${Math.random()})`
    default:
      throw new Error(`no value for the type ${type} of ${name}`)
  }
}

/** The insertion of a row with its values written out, so that anybody can run it. */
export function insertion(table: TenantTable, row: ReadonlyMap<string, string | null>): string {
  const values = [...row.values()].map((value) =>
    value === null ? 'null' : pg.escapeLiteral(value),
  )
  return `insert into ${table.name} (${[...row.keys()].join()}) values (${values.join()})`
}
