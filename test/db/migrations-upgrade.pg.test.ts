import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type Database, openDatabase } from '../../db/client.ts'
import { migrateDatabase } from '../../db/migrate.ts'
import { APP_PASSWORD, createOwned, urlOfApp } from '../harness/databases.ts'
import { migrateTo, migrationsFolder, migrationsOf } from './older-schema.ts'
import { insertion, newRow, type TenantTable, tenantTables } from './tenant-rows.ts'

const KINDS = ['catalog', 'shard'] as const

/** Migrations that databases somewhere have applied: what changed in one would never reach them. */
const APPLIED = {
  catalog: ['0000_foundation 72fbec5ff42a', '0001_row_security 4f70760594c0'],
  shard: [
    '0000_foundation c429570ef426',
    '0001_row_security 852884b77fee',
    '0002_first_statistics 93d0cdb3e26e',
  ],
}

/** The first migrations have tables, but nothing yet that the runtime may use. */
const FIRST_TO_SERVE = 2

/** Tables whose policies let the runtime insert no row but the operator's: any other is refused. */
const OF_THE_OPERATOR = ['installation', 'invitations']

/** The tenant of the rows that migrations leave for the planner. */
const NOBODY = '00000000-0000-0000-0000-000000000000'

const older = (
  await Promise.all(
    KINDS.map(async (kind) => {
      const count = (await migrationsOf(kind)).length
      return Array.from({ length: count - 1 }, (_, i) => ({ kind, count: i + 1 }))
    }),
  )
).flat()

describe.each(KINDS)('the migrations of a %s', (kind) => {
  it('are listed in the order of their numbers and times, each with its file', async () => {
    const listed = await migrationsOf(kind)
    const files = (await readdir(migrationsFolder(kind))).filter((name) => name.endsWith('.sql'))
    expect(listed.map(({ tag }) => `${tag}.sql`)).toEqual(files.sort())
    for (const [i, { idx, tag, when }] of listed.entries()) {
      expect(idx).toBeGreaterThan(listed[i - 1]?.idx ?? -1)
      expect(tag).toMatch(new RegExp(`^${String(idx).padStart(4, '0')}_`))
      // drizzle skips one that is not newer than the last that was applied.
      expect(when).toBeGreaterThan(listed[i - 1]?.when ?? 0)
      expect(when).toBeLessThan(Date.now())
    }
  })

  it('are not changed any more once they were applied somewhere', async () => {
    const hashes = await Promise.all(
      APPLIED[kind].map(async (applied) => {
        const tag = applied.split(' ')[0] ?? ''
        const file = await readFile(join(migrationsFolder(kind), `${tag}.sql`))
        return `${tag} ${createHash('sha256').update(file).digest('hex').slice(0, 12)}`
      }),
    )
    expect(hashes).toEqual(APPLIED[kind])
  })
})

describe.each(older)('a $kind that has the first $count migrations', ({ kind, count }) => {
  let owned: Awaited<ReturnType<typeof createOwned>>
  let owner: pg.Client
  let app: Database
  let tables: TenantTable[]

  beforeAll(async () => {
    owned = await createOwned()
    owner = new pg.Client(owned.ownerUrl)
    await owner.connect()
    await migrateTo(owner, kind, count)
    tables = await tenantTables(owner)
    app = openDatabase(urlOfApp(owned.ownerUrl), inject('sqlEndpoint'))
  })
  afterAll(async () => {
    await owner.end()
    await owned.drop()
  })

  const toNewest = () =>
    migrateDatabase({ kind, ownerUrl: owned.ownerUrl, appPassword: APP_PASSWORD })

  async function contents(): Promise<Record<string, Record<string, unknown>[]>> {
    const all: Record<string, Record<string, unknown>[]> = {}
    for (const { name, key } of tables) {
      const { rows } = await owner.query(
        `select to_jsonb(t) as row from ${name} t where ${key} <> $1 order by ${key}, t::text`,
        [NOBODY],
      )
      all[name] = rows.map(({ row }) => row)
    }
    return all
  }

  it('comes to the newest with its rows, served all the while as by the worker of its time', async () => {
    for (const table of tables) {
      for (const tenant of [randomUUID(), randomUUID()]) {
        await owner.query(insertion(table, await newRow(owner, table, tenant)))
      }
    }
    const before = await contents()
    const insertable = await insertableTables()
    expect(insertable.length > 0).toBe(count >= FIRST_TO_SERVE)
    const columns = await columnsOf(insertable)

    let isMigrating = true
    const migrating = toNewest().finally(() => {
      isMigrating = false
    })
    let rounds = 0
    while (insertable.length > 0 && isMigrating) {
      await serveAsBefore(insertable, columns)
      rounds++
    }
    await migrating
    await serveAsBefore(insertable, columns)

    const after = await contents()
    for (const [name, rows] of Object.entries(before)) {
      for (const row of rows) expect(after[name]).toContainEqual(expect.objectContaining(row))
      const written = insertable.some((table) => table.name === name) ? rounds + 1 : 0
      expect(after[name]).toHaveLength(rows.length + written)
    }
  })

  it('stays as it is when it is migrated again', async () => {
    const applied = `select id, hash, created_at from drizzle.__drizzle_migrations order by id`
    const before = [await contents(), (await owner.query(applied)).rows]
    await toNewest()
    expect([await contents(), (await owner.query(applied)).rows]).toEqual(before)
    expect(before[1]).toHaveLength((await migrationsOf(kind)).length)
  })

  async function insertableTables(): Promise<TenantTable[]> {
    const { rows } = await owner.query<{ name: string }>(
      `select relname as name from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
          and has_table_privilege('tendril_app', oid, 'insert')`,
    )
    return tables.filter(
      ({ name }) => !OF_THE_OPERATOR.includes(name) && rows.some((row) => row.name === name),
    )
  }

  async function columnsOf(of: readonly TenantTable[]): Promise<ReadonlyMap<string, string[]>> {
    const columns = new Map<string, string[]>()
    for (const table of of) {
      columns.set(table.name, [...(await newRow(owner, table, randomUUID())).keys()])
    }
    return columns
  }

  /** A row into each table, naming the columns of that time, and what is there by the same names. */
  async function serveAsBefore(
    of: readonly TenantTable[],
    columns: ReadonlyMap<string, string[]>,
  ): Promise<void> {
    const tenant = randomUUID()
    for (const table of of) {
      const names = columns.get(table.name) ?? []
      const all = await newRow(owner, table, tenant)
      const row = new Map([...all].filter(([name]) => names.includes(name)))
      const results = await app.batchWith({ 'tendril.tenant_id': tenant }, [
        sql.raw(insertion(table, row)),
        sql.raw(`select ${names.join()} from ${table.name}`),
      ])
      expect(results[1]).toHaveLength(1)
    }
  }
})
