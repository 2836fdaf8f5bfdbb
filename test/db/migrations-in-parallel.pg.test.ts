import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { migrateDatabase } from '../../db/migrate.ts'
import { APP_PASSWORD, createOwned } from '../harness/databases.ts'

const DATABASES = 6
const ROUNDS = 25

type Owned = Awaited<ReturnType<typeof createOwned>>

let databases: readonly Owned[]

beforeAll(async () => {
  databases = await Promise.all(Array.from({ length: DATABASES }, () => createOwned()))
})
afterAll(async () => {
  await Promise.all(databases.map((database) => database.drop()))
})

it('databases of one server are migrated at once, again and again', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const failures: unknown[] = []
    const migrations = databases.map(({ ownerUrl }, i) =>
      migrateDatabase({
        kind: i % 2 === 0 ? 'shard' : 'catalog',
        ownerUrl,
        appPassword: APP_PASSWORD,
      }).catch((error: unknown) => failures.push(error)),
    )
    await Promise.all(migrations)
    expect(failures).toEqual([])
  }
  for (const { ownerUrl } of databases) expect(await servedAsApp(ownerUrl)).toBe('UTC')
})

/** The time zone that the role of the runtime gets in a database that it may connect to. */
async function servedAsApp(ownerUrl: string): Promise<string> {
  const url = new URL(ownerUrl)
  url.username = 'tendril_app'
  url.password = APP_PASSWORD
  const client = new pg.Client(url.href)
  await client.connect()
  try {
    const { rows } = await client.query('show timezone')
    return rows[0].TimeZone
  } finally {
    await client.end()
  }
}
