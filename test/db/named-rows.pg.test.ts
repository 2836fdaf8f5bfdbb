import { randomUUID } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMigrated, type MigratedDatabase } from '../harness/databases.ts'
import { insertion, newRow } from './tenant-rows.ts'

let catalog: MigratedDatabase

beforeAll(async () => {
  catalog = await createMigrated('catalog')
})

afterAll(() => catalog.drop())

/** Two rows of a table, of different tenants. */
async function twoRows(name: string) {
  const table = { name, key: 'tenant_id' }
  const rows = []
  for (let i = 0; i < 2; i += 1) {
    const row = await newRow(catalog.owner, table, randomUUID())
    await catalog.owner.query(insertion(table, row))
    rows.push(row)
  }
  return rows
}

function seen(settings: Record<string, string>, column: string, name: string) {
  const statement = sql.raw(`select ${column} from ${name}`)
  return catalog.database.batchWith(settings, [statement])
}

/** Before a tenant is known, whoever can name a row may read it: that row and no other. */
describe('a single row of the catalog', () => {
  it.each([
    ['an API key', 'api_keys', 'hash', 'tendril.key_hash'],
    ['a membership', 'memberships', 'user_id', 'tendril.user_id'],
    ['a user', 'users', 'email', 'tendril.email'],
  ])('opens to who names it: %s', async (_title, table, column, setting) => {
    const [row, other] = await twoRows(table)
    const name = row?.get(column) ?? ''
    expect(other?.get(column)).not.toBe(name)
    expect(await seen({ [setting]: name }, column, table)).toEqual([[{ [column]: name }]])
    expect(await seen({ [setting]: randomUUID() }, column, table)).toEqual([[]])
    expect(await seen({}, column, table)).toEqual([[]])
    expect(await seen({ [setting]: '' }, column, table)).toEqual([[]])
  })

  it('opens for reading only: a key', async () => {
    const [row] = await twoRows('api_keys')
    const settings = { 'tendril.key_hash': row?.get('hash') ?? '' }
    const write = sql`update api_keys set revoked_at = null, role = 'owner'`
    const before = await catalog.owner.query('select * from api_keys order by id')
    await catalog.database.batchWith(settings, [write])
    const after = await catalog.owner.query('select * from api_keys order by id')
    expect(after.rows).toEqual(before.rows)
  })

  it('of a user can be made only under the e-mail address that was named', async () => {
    const table = { name: 'users', key: 'id' }
    const row = await newRow(catalog.owner, table, randomUUID())
    const insert = sql.raw(insertion(table, row))
    const another = { 'tendril.email': 'another@example.com' }
    await expect(catalog.database.batchWith(another, [insert])).rejects.toMatchObject({
      sqlState: '42501',
    })
    await catalog.database.batchWith({ 'tendril.email': row.get('email') ?? '' }, [insert])
  })
})
