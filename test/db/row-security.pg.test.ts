import { randomUUID } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tenantId } from '../../core/ids.ts'
import type { Row } from '../../db/client.ts'
import { createDatabases, type TestDatabases } from '../harness/databases.ts'
import { insertion, newRow, type TenantTable, tenantTables } from './tenant-rows.ts'

const KINDS = ['catalog', 'shard'] as const
const PERMISSION_DENIED = '42501'

let databases: TestDatabases

beforeAll(async () => {
  databases = await createDatabases()
})

afterAll(() => databases.drop())

describe.each(KINDS)('a tenant in a %s', (kind) => {
  const ours = tenantId(randomUUID())
  const theirs = tenantId(randomUUID())
  let tables: TenantTable[]

  const run = (statement: string): Promise<Row[][]> =>
    databases[kind].database.batch(ours, [sql.raw(statement)])

  async function eachTable(check: (table: TenantTable) => Promise<void>): Promise<void> {
    expect(tables.length).toBeGreaterThan(4)
    for (const table of tables) await check(table)
  }

  async function mayWrite({ name }: TenantTable, privilege: string): Promise<boolean> {
    const { rows } = await databases[kind].owner.query<{ may: boolean }>(
      `select has_table_privilege('tendril_app', $1, $2) as may`,
      [name, privilege],
    )
    return rows[0]?.may === true
  }

  async function contentsOf({ name, key }: TenantTable): Promise<unknown[]> {
    const { rows } = await databases[kind].owner.query(
      `select * from ${name} where ${key} in ($1, $2) order by ${key}`,
      [ours, theirs],
    )
    return rows
  }

  beforeAll(async () => {
    const { owner } = databases[kind]
    tables = await tenantTables(owner)
    for (const table of tables) {
      for (const tenant of [ours, theirs]) {
        await owner.query(insertion(table, await newRow(owner, table, tenant)))
      }
    }
  })

  it('sees its own rows only, even where it asks for another’s by name', () =>
    eachTable(async ({ name, key }) => {
      const [rows] = await run(`select ${key} as tenant from ${name}`)
      expect(rows, name).toEqual([{ tenant: ours }])
      expect(await run(`select from ${name} where ${key} = '${theirs}'`), name).toEqual([[]])
    }))

  it('is nobody, and sees nothing, when it is not named', async () => {
    const { database } = databases[kind]
    await eachTable(async ({ name }) => {
      const statement = sql.raw(`select * from ${name}`)
      expect(await database.batchWith({}, [statement]), name).toEqual([[]])
      expect(await database.batchWith({ 'tendril.tenant_id': '' }, [statement]), name).toEqual([[]])
    })
  })

  it('is forgotten when its transaction ends, on every connection', async () => {
    const { database } = databases[kind]
    const [{ name } = { name: '' }] = tables
    const statement = sql.raw(`select * from ${name}`)
    await Promise.all(Array.from({ length: 30 }, () => database.batch(ours, [statement])))
    const after = Array.from({ length: 30 }, () => database.batchWith({}, [statement]))
    expect((await Promise.all(after)).flat(2)).toEqual([])
  })

  it('cannot write a row as another’s', () =>
    eachTable(async (table) => {
      const { owner } = databases[kind]
      const before = await contentsOf(table)
      const forged = insertion(table, await newRow(owner, table, theirs))
      await expect(run(forged), table.name).rejects.toMatchObject({ sqlState: PERMISSION_DENIED })
      expect(await contentsOf(table), table.name).toEqual(before)
    }))

  it('cannot give a row of its own to another', () =>
    eachTable(async (table) => {
      if (!(await mayWrite(table, 'update'))) return
      const before = await contentsOf(table)
      const gift = run(`update ${table.name} set ${table.key} = '${randomUUID()}'`)
      await expect(gift, table.name).rejects.toMatchObject({ sqlState: PERMISSION_DENIED })
      expect(await contentsOf(table), table.name).toEqual(before)
    }))

  it('cannot change or delete another’s rows', () =>
    eachTable(async (table) => {
      const { name, key } = table
      const before = await contentsOf(table)
      const ofTheirs = `where ${key} = '${theirs}' returning 1`
      if (await mayWrite(table, 'update')) {
        expect(await run(`update ${name} set ${key} = ${key} ${ofTheirs}`), name).toEqual([[]])
      }
      if (await mayWrite(table, 'delete')) {
        expect(await run(`delete from ${name} ${ofTheirs}`), name).toEqual([[]])
      }
      expect(await contentsOf(table), name).toEqual(before)
    }))

  it('cannot change or delete an event or an answer, not even its own', async () => {
    for (const statement of [
      `update events set kind = 'forged'`,
      'delete from events',
      `update commits set answer = '{}'`,
      'delete from commits',
    ]) {
      await expect(run(statement)).rejects.toMatchObject({ sqlState: PERMISSION_DENIED })
    }
  })
})
