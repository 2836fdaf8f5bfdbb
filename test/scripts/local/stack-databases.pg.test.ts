import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  externalPostgres,
  type PostgresServer,
  startPostgres,
} from '../../../scripts/local/postgres.ts'
import { dropDatabases, prepareDatabases } from '../../../scripts/local/stack-databases.ts'

// A server of its own, since roles belong to the whole of one; of the version that the run is for.

const ADMIN = { user: 'boss', password: 'of some databases' }
const secrets = {
  ownerPassword: 'owner-password',
  appPassword: 'app-password',
  jwtSecret: 'unused',
  redisCacheToken: 'unused',
  redisStateToken: 'unused',
}

let folder: string
let server: PostgresServer
let superuser: pg.Client

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tendril-roles-'))
  await chmod(folder, 0o711)
  const programs = process.env.TENDRIL_PG_PROGRAMS
  const options = { dataDir: join(folder, 'data'), durable: false }
  server = await startPostgres(programs ? { ...options, programs } : options)
  superuser = new pg.Client(server.url('postgres'))
  await superuser.connect()
})
afterAll(async () => {
  await superuser.end()
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

it('an administrator who is no superuser makes the databases, again and again, and drops them', async () => {
  const { user, password } = ADMIN
  await superuser.query(`create role ${user} login createdb createrole password '${password}'`)
  const administered = await externalPostgres(server.url('postgres', ADMIN))
  await prepareDatabases(administered, secrets)
  const { shards } = await prepareDatabases(administered, secrets)
  expect(await count(shards[0]?.url, 'entities')).toBe(0)
  await dropDatabases(administered)
  const { rows } = await superuser.query(
    `select datname from pg_database where datname like 'tendril%'`,
  )
  expect(rows).toEqual([])
})

it('the owner has none of the rights of the role that serves', async () => {
  await prepareDatabases(server, secrets)
  // Since 16 a member needs not be allowed to become the role.
  const { rows: version } = await superuser.query('show server_version_num')
  const becoming = version[0].server_version_num >= 160_000 ? 'set' : 'member'
  const { rows } = await superuser.query(
    `select pg_has_role('tendril_owner', 'tendril_app', 'usage') as inherits,
       pg_has_role('tendril_owner', 'tendril_app', $1) as may_become`,
    [becoming],
  )
  expect(rows).toEqual([{ inherits: false, may_become: false }])
})

async function count(url: string | undefined, table: string): Promise<number> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    const { rows } = await client.query(`select count(*)::int as n from ${table}`)
    return rows[0].n
  } finally {
    await client.end()
  }
}
