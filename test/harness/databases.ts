import pg from 'pg'
import { inject } from 'vitest'
import { type Database, openDatabase } from '../../db/client.ts'
import { type DatabaseKind, migrateDatabase } from '../../db/migrate.ts'
import { createTestDatabase } from './pg-database.ts'

/** Roles belong to the whole server, so every test file has to use the same passwords. */
export const APP_PASSWORD = 'tendril-test'
const OWNER = { user: 'tendril_test_owner', password: 'tendril-test-owner' }

/** Any number: who makes the roles of the server takes his turn, across files and databases. */
const ROLE_LOCK = 5_120_771

/** A new database of one kind, migrated by an owner who is no superuser, as at Neon. */
export type MigratedDatabase = {
  /** The database as the runtime has it: the role tendril_app, through the Neon client. */
  readonly database: Database
  /** A direct connection as the owner, who sees the rows of every tenant. */
  readonly owner: pg.Client
  readonly ownerUrl: string
  readonly appUrl: string
  drop(): Promise<void>
}

export type TestDatabases = {
  readonly catalog: MigratedDatabase
  readonly shard: MigratedDatabase
  drop(): Promise<void>
}

/** `endpoint` is the SQL-over-HTTP service to use; by default that of the run. */
export async function createDatabases(endpoint?: string): Promise<TestDatabases> {
  const catalog = await createMigrated('catalog', endpoint)
  const shard = await createMigrated('shard', endpoint)
  return {
    catalog,
    shard,
    async drop() {
      await catalog.drop()
      await shard.drop()
    },
  }
}

export async function createMigrated(
  kind: DatabaseKind,
  endpoint: string = inject('sqlEndpoint'),
): Promise<MigratedDatabase> {
  const empty = await createOwned()
  await migrateDatabase({ kind, ownerUrl: empty.ownerUrl, appPassword: APP_PASSWORD })
  const appUrl = urlOfApp(empty.ownerUrl)
  const owner = new pg.Client(empty.ownerUrl)
  await owner.connect()
  return {
    database: openDatabase(appUrl, endpoint),
    owner,
    ownerUrl: empty.ownerUrl,
    appUrl,
    async drop() {
      await owner.end()
      await empty.drop()
    },
  }
}

/** A new, empty database that belongs to the owner role. */
export async function createOwned(): Promise<{ ownerUrl: string; drop(): Promise<void> }> {
  const { url, direct, drop } = await createTestDatabase()
  await withRoleLock(async () => {
    await direct.query(`do $$ begin
      if to_regrole('${OWNER.user}') is null then
        create role ${OWNER.user} login createrole password '${OWNER.password}';
      end if;
      if to_regrole('tendril_app') is null then
        create role tendril_app login nosuperuser nobypassrls nocreatedb nocreaterole;
      end if;
      -- Before 16 createrole is enough to change another role, and a grant would hand on its rights.
      if current_setting('server_version_num')::int >= 160000 then
        execute 'grant tendril_app to ${OWNER.user} with admin option, inherit false, set false';
      end if;
    end $$`)
  })
  const database = new URL(url).pathname.slice(1)
  await direct.query(`alter database ${database} owner to ${OWNER.user}`)
  return { ownerUrl: urlAs(url, OWNER), drop }
}

export async function withRoleLock(use: () => Promise<unknown>): Promise<void> {
  const admin = new pg.Client(inject('pgUrl'))
  await admin.connect()
  try {
    await admin.query('select pg_advisory_lock($1)', [ROLE_LOCK])
    await use()
  } finally {
    await admin.end()
  }
}

/** The same database as the role of the runtime. */
export function urlOfApp(url: string): string {
  return urlAs(url, { user: 'tendril_app', password: APP_PASSWORD })
}

function urlAs(url: string, role: { readonly user: string; readonly password: string }): string {
  const as = new URL(url)
  as.username = role.user
  as.password = role.password
  return as.href
}
