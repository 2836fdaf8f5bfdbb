import { type NeonQueryFunction, neon, neonConfig } from '@neondatabase/serverless'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest'
import { failureOf } from '../../harness/failures.ts'
import { PATIENCE } from '../../harness/patience.ts'
import { createTestDatabase, type TestDatabase } from '../../harness/pg-database.ts'

let database: TestDatabase
let sql: NeonQueryFunction<false, false>

beforeAll(async () => {
  neonConfig.fetchEndpoint = () => inject('sqlEndpoint')
  database = await createTestDatabase()
  sql = neon(database.url)
})

beforeEach(async () => {
  await database.direct.query(`
    drop table if exists things;
    create table things (id int primary key, name text not null, "madeAt" timestamptz)`)
})

afterAll(() => database.drop())

async function storedIds(): Promise<number[]> {
  const { rows } = await database.direct.query('select id from things order by id')
  return rows.map((row) => row.id)
}

function insert(id: number) {
  return sql.query('insert into things (id, name) values ($1, $2)', [id, `thing ${id}`])
}

describe('a batch', () => {
  it('stores all of its statements', async () => {
    const results = await sql.transaction([insert(1), insert(2), sql`select count(*) from things`])
    expect(results).toEqual([[], [], [{ count: '2' }]])
    expect(await storedIds()).toEqual([1, 2])
  })

  it('stores nothing when one fails, and does not run those after it', async () => {
    await database.direct.query(
      'create sequence if not exists ran; select setval($$ran$$, 1, false)',
    )
    const batch = [insert(1), sql`select 1 / 0`, sql`select nextval('ran')`]
    expect(await failureOf(sql.transaction(batch))).toMatchObject({ code: '22012' })
    expect(await storedIds()).toEqual([])
    const { rows } = await database.direct.query("select nextval('ran')")
    expect(rows).toEqual([{ nextval: '1' }])
  })

  it('reports what only COMMIT finds wrong', async () => {
    await database.direct.query(
      'alter table things add constraint late unique (name) deferrable initially deferred',
    )
    const same = sql`insert into things values (1, 'same'), (2, 'same')`
    const error = await failureOf(sql.transaction([same, sql`select 1`]))
    expect(error).toMatchObject({ code: '23505', constraint: 'late' })
    expect(await storedIds()).toEqual([])
  })

  it('may be empty', async () => {
    expect(await sql.transaction([])).toEqual([])
  })

  it('hands its connection back after each of 50 failures', async () => {
    const before = await sql`select pg_backend_pid() as pid`
    for (let i = 0; i < 50; i++) await failureOf(sql.transaction([insert(1), sql`select 1 / 0`]))
    expect(await sql`select pg_backend_pid() as pid`).toEqual(before)
  })

  it('keeps the columns of its statements apart', async () => {
    const results = await sql.transaction([sql`select 1 as one`, insert(1)], { fullResults: true })
    expect(results.map(({ fields }) => fields.map(({ name }) => name))).toEqual([['one'], []])
  })

  it('keeps set_config(…, true) to itself', async () => {
    const [, inside] = await sql.transaction([
      sql`select set_config('app.tenant_id', 'acme', true)`,
      sql`select current_setting('app.tenant_id', true) as tenant`,
    ])
    expect(inside).toEqual([{ tenant: 'acme' }])
    // The same connection, since nothing else runs: it is empty once it has been set.
    expect(await sql`select current_setting('app.tenant_id', true) as tenant`).toEqual([
      { tenant: '' },
    ])
  })
})

describe('the isolation level', () => {
  /** A batch that counts things twice, while another connection stores one between the counts. */
  async function countTwice(isolationLevel: 'ReadCommitted' | 'RepeatableRead') {
    await database.direct.query('select pg_advisory_lock(7)')
    const counts = sql.transaction(
      [
        sql`select count(*)::int from things`,
        sql`select pg_advisory_xact_lock(7)`,
        sql`select count(*)::int from things`,
      ],
      { isolationLevel },
    )
    await batchWaitsForLock()
    await database.direct.query("insert into things values (1, 'between')")
    await database.direct.query('select pg_advisory_unlock(7)')
    const [before, , after] = await counts
    return [before, after]
  }

  it('RepeatableRead shows one snapshot to all statements', async () => {
    expect(await countTwice('RepeatableRead')).toEqual([[{ count: 0 }], [{ count: 0 }]])
  })

  it('ReadCommitted shows each statement what was stored before it', async () => {
    expect(await countTwice('ReadCommitted')).toEqual([[{ count: 0 }], [{ count: 1 }]])
  })

  it('RepeatableRead refuses to overwrite what another transaction changed meanwhile', async () => {
    await database.direct.query("insert into things values (1, 'old')")
    await database.direct.query('select pg_advisory_lock(7)')
    const batch = sql.transaction(
      [
        sql`select name from things`,
        sql`select pg_advisory_xact_lock(7)`,
        sql`update things set name = 'mine'`,
      ],
      { isolationLevel: 'RepeatableRead' },
    )
    const failure = failureOf(batch)
    await batchWaitsForLock()
    await database.direct.query("update things set name = 'theirs'")
    await database.direct.query('select pg_advisory_unlock(7)')
    expect(await failure).toMatchObject({ code: '40001' })
  })

  it('reaches PostgreSQL with read only and deferrable', async () => {
    const results = await sql.transaction(
      ['isolation', 'read_only', 'deferrable'].map((name) =>
        sql.query(`select current_setting('transaction_${name}') as value`),
      ),
      { isolationLevel: 'Serializable', readOnly: true, deferrable: true },
    )
    expect(results).toEqual([[{ value: 'serializable' }], [{ value: 'on' }], [{ value: 'on' }]])
  })

  it('read only refuses writes', async () => {
    const error = await failureOf(sql.transaction([insert(1)], { readOnly: true }))
    expect(error).toMatchObject({ code: '25006' })
    expect(await storedIds()).toEqual([])
  })

  async function batchWaitsForLock() {
    await vi.waitFor(async () => {
      const waiting = `select from pg_stat_activity
        where datname = current_database() and wait_event = 'advisory'`
      expect((await database.direct.query(waiting)).rows).toHaveLength(1)
    }, PATIENCE)
  }
})
