import pg from 'pg'
import { inject } from 'vitest'
import { ownStack } from './own-stack.ts'

/** Databases of the server that have this table. */
const HOLDERS = { catalog: 'tenants', shard: 'entities' } as const

/** What a connection to a database meets that another test file drops: it is not there, or ended. */
const GONE = ['3D000', '57P01']

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
    client.on('error', () => {
      // A connection that was ended: its next query says so.
    })
    try {
      if (!(await knows(client, kind, tenantId).catch(notIfGone))) continue
      const { rows } = await client.query(sql, [...values])
      return rows
    } finally {
      await client.end()
    }
  }
  throw new Error(`no ${kind} knows the tenant ${tenantId}`)
}

/** Those of the file's own stack first: most tenants are there. */
async function databases(): Promise<string[]> {
  const client = new pg.Client(inject('pgUrl'))
  await client.connect()
  try {
    const { rows } = await client.query(
      `select datname from pg_database where not datistemplate and datallowconn
        order by not starts_with(datname, $1)`,
      [ownStack().databasePrefix],
    )
    return rows.map(({ datname }) => String(datname))
  } finally {
    await client.end()
  }
}

async function knows(client: pg.Client, kind: keyof typeof HOLDERS, tenantId: string) {
  await client.connect()
  const { rows } = await client.query('select to_regclass($1) as holder', [HOLDERS[kind]])
  if (rows[0]?.holder === null) return false
  const found =
    kind === 'catalog'
      ? await client.query('select from tenants where id = $1', [tenantId])
      : await client.query('select from graphs where tenant_id = $1', [tenantId])
  return found.rowCount !== 0
}

function notIfGone(error: unknown): false {
  if (error instanceof pg.DatabaseError && GONE.includes(error.code ?? '')) return false
  throw error
}

function urlOf(database: string): string {
  const url = new URL(inject('pgUrl'))
  url.pathname = `/${database}`
  return url.href
}
