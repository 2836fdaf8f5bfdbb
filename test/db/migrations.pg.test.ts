import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrateDatabase } from '../../db/migrate.ts'
import {
  APP_PASSWORD,
  createDatabases,
  createOwned,
  type TestDatabases,
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
    await migrateDatabase({ kind, ownerUrl, appPassword: APP_PASSWORD })
    expect(await everythingIn(owner)).toEqual(before)
  })

  it('are made once by three at once, who wait for each other', async () => {
    const empty = await createOwned()
    const migration = { kind, ownerUrl: empty.ownerUrl, appPassword: APP_PASSWORD }
    await Promise.all([1, 2, 3].map(() => migrateDatabase(migration)))
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

  it('let the runtime make partitions, which belong to the owner and are closed to it', async () => {
    const { database, owner } = databases[kind]
    const made = `events_${new Date().getUTCFullYear() + 4}_01`
    await database.batchWith({}, [
      sql`select tendril_add_event_partitions(now() + interval '4 years', 13)`,
    ])
    const { rows } = await owner.query(
      `select pg_get_userbyid(relowner) = current_user as mine,
         has_table_privilege('tendril_app', oid, 'select') as may_read
       from pg_class where relname = $1 or relname = $2 limit 1`,
      [made, `events_${new Date().getUTCFullYear() + 5}_01`],
    )
    expect(rows).toEqual([{ mine: true, may_read: false }])
  })

  it('leave a month alone of which the default partition has events already', async () => {
    const { database, owner } = databases[kind]
    const tenant = randomUUID()
    const graph = kind === 'shard' ? { column: ', graph_id', value: `, '${randomUUID()}'` } : null
    await owner.query(
      `insert into events (tenant_id${graph?.column ?? ''}, seq, at, kind, actor, request_id, commit_id)
       values ($1${graph?.value ?? ''}, 1, '2090-03-15', 'test', 'test', 'test', 'test')`,
      [tenant],
    )
    await database.batchWith({}, [sql`select tendril_add_event_partitions('2090-02-01', 3)`])
    const { rows } = await owner.query(
      `select relname from pg_class where relname like 'events_2090%' and relkind = 'r' order by 1`,
    )
    expect(rows.map(({ relname }) => relname)).toEqual(['events_2090_02', 'events_2090_04'])
  })
})

describe('the migrations of a shard', () => {
  it('give each graph a history, and each checkpoint its history and seq (H1, K1)', async () => {
    const { rows } = await databases.shard.owner.query(
      `select table_name || '.' || column_name as name, is_nullable from information_schema.columns
        where table_schema = 'public' and (table_name, column_name) in (('graphs', 'history_id'),
          ('checkpoints', 'consumer'), ('checkpoints', 'history_id'), ('checkpoints', 'seq'))
        order by name`,
    )
    expect(rows).toEqual(
      [
        'checkpoints.consumer',
        'checkpoints.history_id',
        'checkpoints.seq',
        'graphs.history_id',
      ].map((name) => ({ name, is_nullable: 'NO' })),
    )
  })

  it('keep the rows that are there when the first statistics are made', async () => {
    const { owner } = databases.shard
    const file = join(import.meta.dirname, '../../db/migrations/shard/0002_first_statistics.sql')
    await owner.query(`insert into commits (tenant_id, graph_id, commit_id, fingerprint, answer, at)
      values (gen_random_uuid(), gen_random_uuid(), 'kept', '', '{}', now())`)
    await owner.query(
      'drop statistics entities_graph_tenant, relationships_graph_tenant, commits_graph_tenant',
    )
    await owner.query(await readFile(file, 'utf8'))
    const { rows } = await owner.query(
      `delete from commits where commit_id = 'kept' returning commit_id`,
    )
    expect(rows).toEqual([{ commit_id: 'kept' }])
  })

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

  it('leave a hundred rows of nobody in the tables that the planner must not take for empty', async () => {
    const tables = ['entities', 'relationships', 'commits'].map(
      (table) => `select '${table}' as name, tenant_id::text, graph_id::text from ${table}`,
    )
    const { rows } = await databases.shard.owner.query(
      `select name, tenant_id, graph_id, count(*)::int from (${tables.join(' union all ')}) t
        group by name, tenant_id, graph_id order by name`,
    )
    const nobody = '00000000-0000-0000-0000-000000000000'
    expect(rows).toEqual(
      ['commits', 'entities', 'relationships'].map((name) => ({
        name,
        tenant_id: nobody,
        graph_id: nobody,
        count: 100,
      })),
    )
  })
})

/** `2026-11` and the months around it. */
function utcMonth(offset: number): string {
  const now = new Date()
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset, 1))
    .toISOString()
    .slice(0, 7)
}
