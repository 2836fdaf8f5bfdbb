import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import { type Bundle, bundleWorker } from '../../../scripts/local/bundle.ts'
import { type Server, startServer } from '../../../scripts/local/server.ts'
import { startStack } from '../../../scripts/local/stack.ts'
import { dropDatabases } from '../../../scripts/local/stack-databases.ts'
import { SqlChaos } from '../../harness/sql-chaos.ts'

export const SETUP_SECRET = 'the setup secret of this installation'

type Rows = readonly Readonly<Record<string, unknown>>[]

/** Databases of its own, and workers on them that differ in who may register. */
export type Installation = {
  readonly closed: Server
  readonly invite: Server
  /** Open, and without a setup secret. */
  readonly open: Server
  readonly chaos: SqlChaos
  /** Runs SQL as the superuser. */
  sql(kind: 'catalog' | 'shard', statement: string, values?: readonly unknown[]): Promise<Rows>
  stop(): Promise<void>
}

export async function startInstallation(): Promise<Installation> {
  const folder = await mkdtemp(join(tmpdir(), 'tendril-registration-'))
  const databasePrefix = `registration_${crypto.randomUUID().slice(0, 8)}`
  const chaos = new SqlChaos()
  const stack = await startStack({
    dataDir: folder,
    postgresUrl: inject('pgUrl'),
    databasePrefix,
    // Of a role of the whole server: the other tests use the same.
    appPassword: 'tendril-test',
    faults: chaos,
  })
  const bundle = await bundleWorker(join(folder, 'build'))
  const serve = (name: string, variables: Readonly<Record<string, string>>) =>
    startWorker(join(folder, name), bundle, { ...stack.bindings, ...variables })
  const secret = { TENDRIL_SETUP_SECRET: SETUP_SECRET }
  const { TENDRIL_REGISTRATION: _, ...unset } = stack.bindings
  const servers = {
    // As wrangler.toml has it.
    closed: await startWorker(join(folder, 'closed'), bundle, { ...unset, ...secret }),
    invite: await serve('invite', { TENDRIL_REGISTRATION: 'invite', ...secret }),
    open: await serve('open', { TENDRIL_REGISTRATION: 'open', TENDRIL_SETUP_SECRET: '' }),
  }
  const databases = { catalog: `${databasePrefix}_catalog`, shard: `${databasePrefix}_shard_1` }
  return {
    ...servers,
    chaos,
    async sql(kind, statement, values = []) {
      const client = new pg.Client(stack.postgres.url(databases[kind]))
      await client.connect()
      try {
        return (await client.query(statement, [...values])).rows
      } finally {
        await client.end()
      }
    },
    async stop() {
      for (const server of Object.values(servers)) await server.stop()
      await stack.stop()
      await dropDatabases(stack.postgres, databasePrefix)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function startWorker(
  persistDir: string,
  bundle: Bundle,
  bindings: Readonly<Record<string, string>>,
): Promise<Server> {
  return startServer({ port: 0, bindings, persistDir, bundle, onLog: () => {} })
}
