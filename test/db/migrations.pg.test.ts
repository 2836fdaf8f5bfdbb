import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrateDatabase } from '../../db/migrate.ts'
import {
  APP_PASSWORD,
  createDatabases,
  createOwned,
  type TestDatabases,
  withRoleLock,
} from '../harness/databases.ts'
import { declaredTables } from './drizzle-tables.ts'
import { migratedTables } from './migrated-tables.ts'

const KINDS = ['catalog', 'shard'] as const

let databases: TestDatabases

beforeAll(async () => {
  databases = await createDatabases()
})

afterAll(() => databases.drop())

/** All that a migration makes: a change of any of it gives another oid, file or text. */
async function everythingIn(client: pg.Client): Promise<unknown> {
  const { rows } = await client.query(`
    select oid::int, relname as name, relfilenode::int as file, relacl::text as more from pg_class
      where relnamespace in ('public'::regnamespace, 'drizzle'::regnamespace)
    union all
    select oid::int, proname, 0, md5(prosrc) || proacl::text from pg_proc
      where pronamespace = 'public'::regnamespace
    union all
    select oid::int, polname, polrelid::int, pg_get_expr(polqual, polrelid) from pg_policy
    order by 1`)
  return rows
}

async function appliedMigrations(client: pg.Client): Promise<number[]> {
  const { rows } = await client.query('select id from drizzle.__drizzle_migrations order by id')
  return rows.map(({ id }) => id)
}

describe.each(KINDS)('the migrations of a %s', (kind) => {
  it('make the tables, columns and indexes that db/schema declares, and no others', async () => {
    const declared = await declaredTables(kind)
    expect(declared.length).toBeGreaterThan(4)
    expect(await migratedTables(databases[kind].owner)).toEqual(declared)
  })

  it('change nothing the second time', async () => {
    const { owner, ownerUrl } = databases[kind]
    const before = await everythingIn(owner)
    await withRoleLock(() => migrateDatabase({ kind, ownerUrl, appPassword: APP_PASSWORD }))
    expect(await everythingIn(owner)).toEqual(before)
  })

  it('are made once by three at once, who wait for each other', async () => {
    const empty = await createOwned()
    const migration = { kind, ownerUrl: empty.ownerUrl, appPassword: APP_PASSWORD }
    await withRoleLock(() => Promise.all([1, 2, 3].map(() => migrateDatabase(migration))))
    const client = new pg.Client(empty.ownerUrl)
    await client.connect()
    const applied = await appliedMigrations(databases[kind].owner)
    expect(await appliedMigrations(client)).toEqual(applied)
    await client.end()
    await empty.drop()
  })

  it('divide the events by month, from the last one to 22 ahead and whatever is beyond', async () => {
    const { rows } = await databases[kind].owner.query<{ name: string; bound: string }>(
      `select relname as name, pg_get_expr(relpartbound, c.oid) as bound
        from pg_inherits join pg_class c on c.oid = inhrelid
        where inhparent = 'events'::regclass order by relname`,
    )
    const months = Array.from({ length: 24 }, (_, i) => utcMonth(i - 1))
    const expected = months.map((month) => `events_${month.replace('-', '_')}`)
    expect(rows.map(({ name }) => name)).toEqual([...expected, 'events_default'])
    expect(rows.at(-1)?.bound).toBe('DEFAULT')
    await databases[kind].owner.query(`set timezone to 'UTC'`)
    const first = await databases[kind].owner.query<{ bound: string }>(
      `select pg_get_expr(relpartbound, oid) as bound from pg_class where relname = $1`,
      [expected[0]],
    )
    expect(first.rows[0]?.bound).toBe(
      `FOR VALUES FROM ('${months[0]}-01 00:00:00+00') TO ('${months[1]}-01 00:00:00+00')`,
    )
  })

  it('let no one but the owner make partitions', async () => {
    const { rows } = await databases[kind].owner.query(
      `select has_function_privilege('tendril_app',
        'tendril_add_event_partitions(timestamptz, int)', 'execute') as may`,
    )
    expect(rows).toEqual([{ may: false }])
  })
})

describe('the migrations of a shard', () => {
  it('keep the adjacency of a relationship in its indexes', async () => {
    const { rows } = await databases.shard.owner.query<{ def: string }>(
      `select pg_get_indexdef(c.oid) as def from pg_class c
        where relname in ('relationships_in', 'relationships_out') order by relname`,
    )
    expect(rows.map(({ def }) => def.slice(def.indexOf('(')))).toEqual([
      '(tenant_id, graph_id, to_id, type, created_seq) INCLUDE (from_id, id)',
      '(tenant_id, graph_id, from_id, type, created_seq) INCLUDE (to_id, id)',
    ])
  })

  it('compare names byte by byte, whatever the locale of the server', async () => {
    const { rows } = await databases.shard.owner.query(
      `select collname from pg_attribute join pg_collation c on c.oid = attcollation
        where attrelid = 'entities'::regclass and attname = 'name_key'`,
    )
    expect(rows).toEqual([{ collname: 'C' }])
  })

  it('leave no rows behind from the first statistics', async () => {
    const { rows } = await databases.shard.owner.query(`select
      (select count(*)::int from entities) + (select count(*)::int from relationships)
        + (select count(*)::int from commits) as rows`)
    expect(rows).toEqual([{ rows: 0 }])
  })
})

/** `2026-11` and the months around it. */
function utcMonth(offset: number): string {
  const now = new Date()
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset, 1))
    .toISOString()
    .slice(0, 7)
}
