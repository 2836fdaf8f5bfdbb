import { rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import pg from 'pg'
import { accountFor, fallbackFolder, placeData } from './postgres-account.ts'
import { findBinaries, programsIn } from './postgres-binaries.ts'
import { brokenFolder, passwordFile, prepareFolder, SUPERUSER } from './postgres-folder.ts'
import { stopOrphan } from './postgres-orphan.ts'
import { runServer } from './postgres-server.ts'
import { UserError } from './user-error.ts'

export type PostgresOptions = {
  /** The folder of the cluster; made with its parents when missing. */
  readonly dataDir: string
  /** TCP port on 127.0.0.1; 0 or absent takes a free one. */
  readonly port?: number
  /** Default true. False trades the data's safety in a power cut for speed: for tests only. */
  readonly durable?: boolean
  /** Folder with the programs of another PostgreSQL than the one from npm; 15 or newer. */
  readonly programs?: string
  /** Receives PostgreSQL's own log lines and what this module does out of the ordinary. */
  readonly onLog?: (line: string) => void
}

export type Role = { readonly user: string; readonly password: string }

export type PostgresServer = {
  /** The connection URL of a database, as the superuser when no role is given. */
  url(database: string, role?: Role): string
  /** Ends the server and resolves when it is gone; does nothing for a server given by URL. */
  stop(): Promise<void>
}

const CONNECT_LIMIT_MS = 10_000

/**
 * Starts a real PostgreSQL on 127.0.0.1, making its data folder (UTF-8, text ordered by code
 * point on every machine) the first time. As root it runs under the user `postgres`, whose data
 * moves below /var/lib/tendril when that user cannot reach `dataDir`. A server that a killed run
 * left on the folder is stopped first. Rejects with a UserError.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { durable = true, onLog = () => {} } = options
  const account = accountFor(resolve(options.dataDir), onLog)
  const { programs } = options
  const binaries = programs ? programsIn(programs) : await findBinaries(account, onLog)
  const dataDir = placeData(options.dataDir, account, onLog)
  const folderOptions = { binaries, account, durable, onLog }
  await stopOrphan(dataDir, onLog)
  const password = await prepareFolder(dataDir, folderOptions)
  const running = await runServer(dataDir, options.port ?? 0, folderOptions)
  const adminUrl = `postgres://${SUPERUSER}:${password}@127.0.0.1:${running.port}/postgres`
  try {
    await withClient(adminUrl, (client) => client.query('select 1'))
  } catch (cause) {
    await running.stop()
    const file = passwordFile(dataDir)
    throw brokenFolder(dataDir, `the password in ${file} does not open it`, cause)
  }
  return serverAt(adminUrl, running.stop)
}

/** Deletes what startPostgres keeps for `dataDir`. Rejects with a UserError while it is in use. */
export async function removePostgres(
  dataDir: string,
  onLog: (line: string) => void = () => {},
): Promise<void> {
  for (const folder of [resolve(dataDir), fallbackFolder(dataDir)]) {
    await stopOrphan(folder, onLog)
    await rm(folder, { recursive: true, force: true })
    await rm(passwordFile(folder), { force: true })
  }
  await rm(dirname(fallbackFolder(dataDir)), { recursive: true, force: true })
}

/**
 * Uses a server somebody else runs; `adminUrl` must belong to a role that may create databases
 * and roles. Rejects with a UserError when it is no URL or nothing answers there.
 */
export async function externalPostgres(adminUrl: string): Promise<PostgresServer> {
  if (!/^postgres(ql)?:\/\//.test(adminUrl) || !URL.canParse(adminUrl)) {
    throw new UserError(
      'TENDRIL_PG_URL must look like postgres://user:password@host:5432/postgres.',
    )
  }
  try {
    await withClient(adminUrl, (client) => client.query('select 1'))
  } catch (cause) {
    const { host } = new URL(adminUrl)
    throw new UserError(
      `The PostgreSQL that TENDRIL_PG_URL names (${host}) cannot be used: ${reasonOf(cause)}.`,
      { cause },
    )
  }
  return serverAt(adminUrl, async () => {})
}

/** Creates the database when it is missing. */
export async function ensureDatabase(server: PostgresServer, name: string): Promise<void> {
  await withClient(server.url('postgres'), async (client) => {
    const found = await client.query('select 1 from pg_database where datname = $1', [name])
    if (found.rows.length > 0) return
    await client.query(`create database ${pg.escapeIdentifier(name)}`).catch(ignoreDuplicate)
  })
}

function serverAt(adminUrl: string, stop: () => Promise<void>): PostgresServer {
  return {
    url(database, role) {
      const url = new URL(adminUrl)
      url.pathname = `/${encodeURIComponent(database)}`
      if (role !== undefined) {
        url.username = encodeURIComponent(role.user)
        url.password = encodeURIComponent(role.password)
      }
      return url.href
    },
    stop,
  }
}

async function withClient(url: string, use: (client: pg.Client) => Promise<unknown>) {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
  })
  // Without a listener a server that goes away would end this process.
  client.on('error', () => {})
  try {
    await client.connect()
    await use(client)
  } finally {
    await client.end()
  }
}

function reasonOf(error: unknown): string {
  // A refused connection to a name with several addresses has its reasons inside, and no message.
  const first = error instanceof AggregateError ? error.errors[0] : error
  return first instanceof Error ? first.message : String(first)
}

/** Two starts at once may both find the database missing: 42P04, or 23505 in a closer race. */
function ignoreDuplicate(error: unknown): void {
  if (error instanceof pg.DatabaseError && ['42P04', '23505'].includes(error.code ?? '')) return
  throw error
}
