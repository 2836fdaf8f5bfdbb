import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
// Without an import of the module itself TypeScript does not let the file extend its types.
import type {} from 'vitest'
import type { TestProject } from 'vitest/node'
import type { DatabaseKind } from '../../db/migrate.ts'
import {
  externalPostgres,
  type PostgresServer,
  startPostgres,
} from '../../scripts/local/postgres.ts'
import { startSqlOverHttp } from '../../scripts/local/sql-over-http.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The superuser's URL of the database postgres; each test file makes databases of its own. */
    pgUrl: string
    /** Beginning of the names of the databases of which others are copies: `_catalog`, `_shard`. */
    templatePrefix: string
    /** For neonConfig.fetchEndpoint; reaches any database of that server. */
    sqlEndpoint: string
  }
}

/** One PostgreSQL and one SQL-over-HTTP service for all pg tests; TENDRIL_PG_URL names another. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const external = process.env.TENDRIL_PG_URL
  const { server, remove } = external ? await useExternal(external) : await startTemporary()
  const service = await startSqlOverHttp()
  const templatePrefix = `template_${randomBytes(4).toString('hex')}`
  project.provide('pgUrl', server.url('postgres'))
  project.provide('templatePrefix', templatePrefix)
  project.provide('sqlEndpoint', service.url)
  return async function teardown() {
    await service.close()
    await dropTemplates(server.url('postgres'), templatePrefix)
    await server.stop()
    await remove()
  }
}

async function dropTemplates(url: string, prefix: string): Promise<void> {
  const admin = new pg.Client(url)
  await admin.connect()
  try {
    for (const kind of ['catalog', 'shard'] satisfies DatabaseKind[]) {
      await admin.query(`drop database if exists ${prefix}_${kind} with (force)`)
    }
  } finally {
    await admin.end()
  }
}

type Started = { readonly server: PostgresServer; remove(): Promise<void> }

async function useExternal(url: string): Promise<Started> {
  return { server: await externalPostgres(url), remove: async () => {} }
}

async function startTemporary(): Promise<Started> {
  const folder = await mkdtemp(join(tmpdir(), 'tendril-pg-'))
  // mkdtemp lets only us in; as root, PostgreSQL runs as another user and must pass through.
  await chmod(folder, 0o711)
  const server = await startPostgres({ dataDir: join(folder, 'data'), durable: false })
  return { server, remove: () => rm(folder, { recursive: true, force: true }) }
}
