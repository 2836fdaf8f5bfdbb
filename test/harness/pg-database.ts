import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'

export type TestDatabase = {
  /** The superuser's URL of a new database. */
  readonly url: string
  /** A direct connection to it, for what must not go through the service under test. */
  readonly direct: pg.Client
  /** Ends every connection to the database and deletes it. */
  drop(): Promise<void>
}

/**
 * Makes a database on the server of the run, so that test files cannot meet each other: empty, or as
 * `template` is.
 */
export async function createTestDatabase(template = 'template1'): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await asAdmin((admin) => admin.query(`create database ${name} template ${template}`))
  const url = new URL(inject('pgUrl'))
  url.pathname = `/${name}`
  const direct = new pg.Client(url.href)
  await direct.connect()
  return {
    url: url.href,
    direct,
    async drop() {
      await direct.end()
      await asAdmin((admin) => admin.query(`drop database ${name} with (force)`))
    },
  }
}

async function asAdmin(use: (admin: pg.Client) => Promise<unknown>): Promise<void> {
  const admin = new pg.Client(inject('pgUrl'))
  await admin.connect()
  try {
    await use(admin)
  } finally {
    await admin.end()
  }
}
