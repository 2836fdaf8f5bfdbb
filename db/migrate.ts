import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import pg from 'pg'

export type DatabaseKind = 'catalog' | 'shard'

/** Any number, the same for every Tendril: two migrations of one database wait for each other. */
const ADVISORY_LOCK = 7_365_061

/** Months of event partitions kept ready ahead of now; later events land in the default partition. */
const PARTITIONS_AHEAD = 24

/**
 * Brings one database to the newest schema. `ownerUrl` is the role that owns the tables;
 * `appPassword` becomes the password of `tendril_app`, the role that the runtime serves with. Migrations are append-only; those applied are skipped.
 */
export async function migrateDatabase(options: {
  readonly kind: DatabaseKind
  readonly ownerUrl: string
  readonly appPassword: string
}): Promise<void> {
  const client = new pg.Client({ connectionString: options.ownerUrl })
  await client.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [ADVISORY_LOCK])
    await ensureAppRole(client, options.appPassword)
    await migrate(drizzle(client), {
      migrationsFolder: join(import.meta.dirname, 'migrations', options.kind),
    })
    await client.query(`select tendril_add_event_partitions(now() - interval '1 month', $1::int)`, [
      PARTITIONS_AHEAD,
    ])
  } finally {
    await client.end()
  }
}

async function ensureAppRole(client: pg.Client, password: string): Promise<void> {
  // Roles belong to the whole server: another database's migration may be creating it right now.
  await client.query(`do $$ begin
    create role tendril_app login nosuperuser nobypassrls nocreatedb nocreaterole;
  exception when duplicate_object or unique_violation then null; end $$`)
  const { rows } = await client.query<{ set: boolean }>(
    `select has_database_privilege('tendril_app', current_database(), 'connect') as set`,
  )
  if (rows[0]?.set !== true) {
    await client.query(`do $$ begin execute format('grant connect on database %I to tendril_app',
      current_database()); end $$`)
  }
  const literal = pg.escapeLiteral(password)
  await client.query(`alter role tendril_app password ${literal}`)
  await client.query(`alter role tendril_app set timezone to 'UTC'`)
}
