import { neon, neonConfig } from '@neondatabase/serverless'
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  inject,
  it,
  vi,
} from 'vitest'
import {
  type SqlFaults,
  type SqlOverHttp,
  startSqlOverHttp,
} from '../../../scripts/local/sql-over-http.ts'
import { failureOf } from '../../harness/failures.ts'
import { PATIENCE } from '../../harness/patience.ts'
import { createTestDatabase, type TestDatabase } from '../../harness/pg-database.ts'

let database: TestDatabase
let service: SqlOverHttp | undefined

beforeAll(async () => {
  database = await createTestDatabase()
})

beforeEach(async () => {
  await database.direct.query('drop table if exists things; create table things (id int)')
})

afterEach(async () => {
  await service?.close()
  service = undefined
})

afterAll(() => database.drop())

/** The driver, talking to a service of this test's own. */
async function startWith(faults: SqlFaults = {}) {
  service = await startSqlOverHttp({ faults })
  const { url } = service
  neonConfig.fetchEndpoint = () => url
  return neon(database.url)
}

async function stored(): Promise<number> {
  const { rows } = await database.direct.query('select count(*)::int as count from things')
  return rows[0].count
}

async function othersRunning(): Promise<number> {
  const { rowCount } = await database.direct.query(`select from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'`)
  return rowCount ?? 0
}

describe('a fault', () => {
  it('before execution cuts the connection and changes nothing', async () => {
    const sql = await startWith({ beforeExecute: () => 'cut' })
    const error = await failureOf(sql`insert into things values (1)`)
    expect(error.message).toMatch(/^Error connecting to database: /)
    await failureOf(sql.transaction([sql`insert into things values (2)`]))
    expect(await stored()).toBe(0)
  })

  it('before the response loses only the answer', async () => {
    const sql = await startWith({ beforeRespond: () => 'cut' })
    const error = await failureOf(sql`insert into things values (1)`)
    expect(error.message).toMatch(/^Error connecting to database: /)
    await failureOf(sql.transaction([sql`insert into things values (2)`]))
    expect(await stored()).toBe(2)
  })

  it('can hold a request back, before or after it ran', async () => {
    const before = Promise.withResolvers<undefined>()
    const after = Promise.withResolvers<undefined>()
    const sql = await startWith({
      beforeExecute: () => before.promise,
      beforeRespond: () => after.promise,
    })
    const inserted = sql`insert into things values (1) returning id`.then((rows) => rows)
    expect(await stored()).toBe(0)
    before.resolve(undefined)
    await vi.waitFor(async () => expect(await stored()).toBe(1), PATIENCE)
    after.resolve(undefined)
    expect(await inserted).toEqual([{ id: 1 }])
  })

  it('is told what would run, but not the connection string', async () => {
    const seen: unknown[] = []
    const sql = await startWith({
      beforeExecute: (batch) => {
        seen.push(batch)
        return undefined
      },
    })
    await sql.transaction([sql`select ${1}::int`], { isolationLevel: 'Serializable' })
    expect(seen).toEqual([
      {
        kind: 'batch',
        database: new URL(database.url).pathname.slice(1),
        queries: [{ query: 'select $1::int', params: ['1'], arrayMode: true }],
        isolationLevel: 'Serializable',
        readOnly: false,
        deferrable: false,
      },
    ])
  })
})

describe('a client that hangs up', () => {
  it('in the middle of a batch has it cancelled and rolled back', async () => {
    const sql = await startWith()
    await database.direct.query('select pg_advisory_lock(1)')
    const hangUp = new AbortController()
    const batch = failureOf(
      sql.transaction(
        [
          sql`insert into things values (1)`,
          sql`select pg_advisory_lock(1)`,
          sql`insert into things values (2)`,
        ],
        { fetchOptions: { signal: hangUp.signal } },
      ),
    )
    await vi.waitFor(async () => expect(await othersRunning()).toBe(1), PATIENCE)
    hangUp.abort()
    await batch
    await vi.waitFor(async () => expect(await othersRunning()).toBe(0), PATIENCE)
    await database.direct.query('select pg_advisory_unlock_all()')
    expect(await stored()).toBe(0)
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }])
  })

  it('before its turn has nothing run', async () => {
    const turn = Promise.withResolvers<undefined>()
    const held = Promise.withResolvers<void>()
    const sql = await startWith({
      beforeExecute({ queries: [first] }) {
        if (!first?.query.startsWith('insert')) return undefined
        held.resolve()
        return turn.promise
      },
    })
    const hangUp = new AbortController()
    const options = { fetchOptions: { signal: hangUp.signal } }
    const gone = failureOf(sql.query('insert into things values (1)', [], options))
    await held.promise
    hangUp.abort()
    await gone
    // Its answer means the service has noticed, and leaves a connection ready for the insert.
    await sql`select 1`
    turn.resolve(undefined)
    await Promise.all([sql`select 1`, sql`select 1`])
    expect(await stored()).toBe(0)
  })
})

describe('many clients', () => {
  it('50 at once add 500 to a counter, one transaction each time', async () => {
    const sql = await startWith()
    await sql`insert into things values (0)`
    const client = async () => {
      for (let i = 0; i < 10; i++) {
        await sql.transaction([sql`update things set id = id + 1`, sql`select id from things`])
      }
    }
    await Promise.all(Array.from({ length: 50 }, client))
    expect(await sql`select id from things`).toEqual([{ id: 500 }])
  })

  it('with 30 different connection strings stay below the connections of one server', async () => {
    await startWith()
    const clients = Array.from({ length: 30 }, (_, i) =>
      neon(`${database.url}?application_name=a${i}`),
    )
    const names = await Promise.all(
      clients.map(async (sql) => (await sql`show application_name`)[0]?.application_name),
    )
    expect(names).toEqual(clients.map((_, i) => `a${i}`))
    await vi.waitFor(async () => {
      const { rowCount } = await database.direct.query(
        "select from pg_stat_activity where application_name ~ '^a[0-9]'",
      )
      expect(rowCount).toBeLessThanOrEqual(8)
    }, PATIENCE)
  })
})

describe('closing the service', () => {
  it('ends statements that would run on and leaves no connection behind', async () => {
    const sql = await startWith()
    const endless = failureOf(sql`select pg_sleep(600)`)
    await vi.waitFor(async () => expect(await othersRunning()).toBe(1), PATIENCE)
    await service?.close()
    service = undefined
    await endless
    const left = `select from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`
    await vi.waitFor(async () => {
      expect((await database.direct.query(left)).rowCount).toBe(0)
    }, PATIENCE)
  })

  it('refuses a port that is taken', async () => {
    const { port } = new URL(inject('sqlEndpoint'))
    await expect(startSqlOverHttp({ port: Number(port) })).rejects.toThrow('EADDRINUSE')
  })
})
