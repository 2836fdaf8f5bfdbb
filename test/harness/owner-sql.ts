import pg from 'pg'
import { inject } from 'vitest'

/** Databases of the server that have this table. */
const HOLDERS = { catalog: 'tenants', shard: 'entities' } as const

/**
 * Runs SQL behind the back of the API, as the superuser, in the database of that kind that the
 * running worker uses: the one that knows the tenant.
 */
export async function ownerSql(
  kind: keyof typeof HOLDERS,
  tenantId: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly Record<string, unknown>[]> {
  for (const database of await databases()) {
    const client = new pg.Client(urlOf(database))
    await client.connect()
    try {
      if (!(await knows(client, kind, tenantId))) continue
      const { rows } = await client.query(sql, [...values])
      return rows
    } finally {
      await client.end()
    }
  }
  throw new Error(`no ${kind} knows the tenant ${tenantId}`)
}

async function databases(): Promise<string[]> {
  const client = new pg.Client(inject('pgUrl'))
  await client.connect()
  try {
    const { rows } = await client.query(
      'select datname from pg_database where not datistemplate and datallowconn',
    )
    return rows.map(({ datname }) => String(datname))
  } finally {
    await client.end()
  }
}

async function knows(client: pg.Client, kind: keyof typeof HOLDERS, tenantId: string) {
  const { rows } = await client.query('select to_regclass($1) as holder', [HOLDERS[kind]])
  if (rows[0]?.holder === null) return false
  const found =
    kind === 'catalog'
      ? await client.query('select from tenants where id = $1', [tenantId])
      : await client.query('select from graphs where tenant_id = $1', [tenantId])
  return found.rowCount !== 0
}

function urlOf(database: string): string {
  const url = new URL(inject('pgUrl'))
  url.pathname = `/${database}`
  return url.href
}
