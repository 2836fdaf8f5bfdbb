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
  const copy = await createOwned(await templateOf(kind))
  // What is granted on a database is not copied with it.
  await migrateDatabase({ kind, ownerUrl: copy.ownerUrl, appPassword: APP_PASSWORD })
  const appUrl = urlOfApp(copy.ownerUrl)
  const owner = new pg.Client(copy.ownerUrl)
  await owner.connect()
  return {
    database: openDatabase(appUrl, endpoint),
    owner,
    ownerUrl: copy.ownerUrl,
    appUrl,
    async drop() {
      await owner.end()
      await copy.drop()
    },
  }
}

/**
 * The name of a migrated database, of which the run's others are copies: to migrate each of them takes
 * several times as long. Whoever needs it first makes it.
 */
async function templateOf(kind: DatabaseKind): Promise<string> {
  const name = `${inject('templatePrefix')}_${kind}`
  await withRoleLock(async (admin) => {
    const { rowCount } = await admin.query('select from pg_database where datname = $1', [name])
    if (rowCount !== 0) return
    await makeRoles(admin)
    const making = `${name}_making`
    await admin.query(`drop database if exists ${making}`)
    await admin.query(`create database ${making} owner ${OWNER.user}`)
    const url = new URL(inject('pgUrl'))
    url.pathname = `/${making}`
    await migrateDatabase({ kind, ownerUrl: urlAs(url.href, OWNER), appPassword: APP_PASSWORD })
    await admin.query(`alter database ${making} rename to ${name}`)
  })
  return name
}

/** A new database that belongs to the owner role: empty, or a copy of `template`. */
export async function createOwned(
  template?: string,
): Promise<{ ownerUrl: string; drop(): Promise<void> }> {
  const { url, direct, drop } = await createTestDatabase(template)
  await withRoleLock(() => makeRoles(direct))
  const database = new URL(url).pathname.slice(1)
  await direct.query(`alter database ${database} owner to ${OWNER.user}`)
  return { ownerUrl: urlAs(url, OWNER), drop }
}

async function makeRoles(superuser: pg.Client): Promise<void> {
  await superuser.query(`do $$ begin
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
}

export async function withRoleLock(use: (admin: pg.Client) => Promise<unknown>): Promise<void> {
  const admin = new pg.Client(inject('pgUrl'))
  await admin.connect()
  try {
    await admin.query('select pg_advisory_lock($1)', [ROLE_LOCK])
    await use(admin)
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
