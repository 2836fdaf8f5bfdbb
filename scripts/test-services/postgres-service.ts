import { join } from 'node:path'
import pg from 'pg'
import { externalPostgres, type PostgresServer, startPostgres } from '../local/postgres.ts'
import { findPostgres } from './installed-postgres.ts'
import type { RunningService, ServiceOptions } from './service.ts'

/** The PostgreSQL that TENDRIL_PG_URL names, else one of this machine in the folder of the run. */
export async function startPostgresService(options: ServiceOptions): Promise<RunningService> {
  const url = process.env.TENDRIL_PG_URL
  if (url) {
    const server = await externalPostgres(url)
    return described(server, `at ${new URL(url).host}`, {})
  }
  const { version, programs } = findPostgres(options.postgresVersion)
  const dataDir = join(options.folder, `postgres-${version}`)
  const server = await startPostgres({ dataDir, programs, durable: false })
  return described(server, `from ${programs}`, { TENDRIL_PG_PROGRAMS: programs })
}

async function described(
  server: PostgresServer,
  place: string,
  env: Readonly<Record<string, string>>,
): Promise<RunningService> {
  const url = server.url('postgres')
  const client = new pg.Client(url)
  await client.connect()
  try {
    const { rows } = await client.query<{ server_version: string }>('show server_version')
    return {
      description: `PostgreSQL ${rows[0]?.server_version} ${place}`,
      env: { ...env, TENDRIL_PG_URL: url },
      stop: () => server.stop(),
    }
  } finally {
    await client.end()
  }
}
