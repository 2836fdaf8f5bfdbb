import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import pRetry from 'p-retry'
import pg from 'pg'

export type DatabaseKind = 'catalog' | 'shard'

/** Any number, the same for every Tendril: two migrations of one database wait for each other. */
const ADVISORY_LOCK = 7_365_061

/** Months of event partitions kept ready ahead of now; later events land in the default partition. */
const PARTITIONS_AHEAD = 24

const ROLE_CONFLICTS = ['XX000', '23505']

/** Some seconds of conflicts: enough for any number of databases that one machine migrates. */
const ROLE_CONFLICT_RETRIES = 20

/**
 * Brings one database to the newest schema. `ownerUrl` is the role that owns the tables;
 * `appPassword` becomes the password of `tendril_app`, the role that the runtime serves with. Migrations
 * are append-only; those applied are skipped. Databases of one server may be migrated at once.
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
  await changeAppRole(client, `password ${pg.escapeLiteral(password)}`)
  const { rows: found } = await client.query<{ isSet: boolean }>(
    `select rolconfig @> '{TimeZone=UTC}' as "isSet" from pg_roles where rolname = 'tendril_app'`,
  )
  if (found[0]?.isSet !== true) await changeAppRole(client, `set timezone to 'UTC'`)
}

/**
 * Changes the role, whose rows the migrations of all databases of the server change, without waiting
 * for each other: PostgreSQL fails the slower one with XX000, "tuple concurrently updated", or with
 * 23505 where the row is new. Each statement is its own transaction, so it may be sent again.
 */
function changeAppRole(client: pg.Client, change: string): Promise<unknown> {
  return pRetry(() => client.query(`alter role tendril_app ${change}`), {
    retries: ROLE_CONFLICT_RETRIES,
    minTimeout: 10,
    maxTimeout: 500,
    randomize: true,
    shouldRetry: ({ error }) =>
      error instanceof pg.DatabaseError && ROLE_CONFLICTS.includes(error.code ?? ''),
  })
}
