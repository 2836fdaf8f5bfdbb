import pg from 'pg'
import { type DatabaseKind, migrateDatabase } from '../../db/migrate.ts'
import { ensureDatabase, type PostgresServer } from './postgres.ts'
import type { Secrets } from './secrets.ts'
import { UserError } from './user-error.ts'

const OWNER = 'tendril_owner'
const APP = 'tendril_app'

/** Id of the only shard of a local stack. Placements name it: never to change. */
const SHARD_ID = 'shard-1'

/** Roles belong to the whole server, so whoever changes one takes this lock; as in test/harness. */
const ROLE_LOCK = 5_120_771

/** The oldest that the tests run on. */
const OLDEST_POSTGRES = 15
const FIRST_WITH_GRANT_OPTIONS = 16

/** Connection strings of the worker, as tendril_app. */
export type DatabaseUrls = {
  readonly catalogUrl: string
  readonly shards: readonly { readonly id: string; readonly url: string }[]
}

export const DEFAULT_PREFIX = 'tendril'

function databaseNames(prefix: string): Readonly<Record<DatabaseKind, string>> {
  return { catalog: `${prefix}_catalog`, shard: `${prefix}_shard_1` }
}

/**
 * Brings both databases to the newest schema, making what is missing: the databases and their
 * owner, who is no superuser, as at Neon. Rejects with a UserError when the server is too old.
 */
export async function prepareDatabases(
  server: PostgresServer,
  secrets: Secrets,
  prefix: string = DEFAULT_PREFIX,
): Promise<DatabaseUrls> {
  const names = databaseNames(prefix)
  const owner = { user: OWNER, password: secrets.ownerPassword }
  const admin = new pg.Client(server.url('postgres'))
  await admin.connect()
  try {
    await admin.query('select pg_advisory_lock($1)', [ROLE_LOCK])
    await ensureOwner(admin, secrets.ownerPassword)
    // One after the other: each sets the password of the role they share.
    for (const kind of ['catalog', 'shard'] as const) {
      await ensureDatabase(server, names[kind])
      await admin.query(`alter database ${pg.escapeIdentifier(names[kind])} owner to ${OWNER}`)
      const { appPassword } = secrets
      await migrateDatabase({ kind, ownerUrl: server.url(names[kind], owner), appPassword })
    }
  } finally {
    await admin.end()
  }
  const app = { user: APP, password: secrets.appPassword }
  return {
    catalogUrl: server.url(names.catalog, app),
    shards: [{ id: SHARD_ID, url: server.url(names.shard, app) }],
  }
}

/** Deletes the databases; who is connected loses the connection. */
export async function dropDatabases(
  server: PostgresServer,
  prefix: string = DEFAULT_PREFIX,
): Promise<void> {
  const admin = new pg.Client(server.url('postgres'))
  await admin.connect()
  try {
    for (const name of Object.values(databaseNames(prefix))) {
      await admin.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`)
    }
  } finally {
    await admin.end()
  }
}

async function ensureOwner(admin: pg.Client, password: string): Promise<void> {
  const { rows } = await admin.query<{ server_version_num: string }>('show server_version_num')
  const version = Math.floor(Number(rows[0]?.server_version_num) / 10_000)
  if (version < OLDEST_POSTGRES) {
    throw new UserError(`Tendril needs PostgreSQL ${OLDEST_POSTGRES} or newer; this is ${version}.`)
  }
  const grantsOptions = version >= FIRST_WITH_GRANT_OPTIONS
  // An administrator who is no superuser may give databases only to a role that it may become, and
  // may drop only those of a role whose privileges it has.
  if (grantsOptions) await admin.query(`set createrole_self_grant = 'set, inherit'`)
  await admin.query(`do $$ begin
    if to_regrole('${OWNER}') is null then create role ${OWNER} login createrole; end if;
    if to_regrole('${APP}') is null then
      create role ${APP} login nosuperuser nobypassrls nocreatedb nocreaterole;
    end if;
  end $$`)
  if (grantsOptions) {
    // The right to change its password, and neither its privileges nor the right to become it.
    await admin.query(`grant ${APP} to ${OWNER} with admin option, inherit false, set false`)
  } else {
    // Whoever may create roles may change any that is no superuser: the owner needs no more.
    await admin.query(`do $$ begin
      if not pg_has_role('${OWNER}', 'member') then grant ${OWNER} to current_user; end if;
    end $$`)
  }
  await admin.query(`alter role ${OWNER} password ${pg.escapeLiteral(password)}`)
}
