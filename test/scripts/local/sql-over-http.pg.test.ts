import { type NeonQueryFunction, neon, neonConfig } from '@neondatabase/serverless'
import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/neon-http'
import { integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest'
import { failureOf } from '../../harness/failures.ts'
import { PATIENCE } from '../../harness/patience.ts'
import { createTestDatabase, type TestDatabase } from '../../harness/pg-database.ts'

let database: TestDatabase
let sql: NeonQueryFunction<false, false>

const things = pgTable('things', {
  id: integer().primaryKey(),
  name: text().notNull(),
  madeAt: timestamp({ withTimezone: true }),
})

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

describe('values', () => {
  const nasty = 'Zoë said "it\'s {a,b}" \\ NULL\n\t💐 Жук'
  const date = new Date('2026-02-28T23:59:59.123Z')
  const cases: [type: string, sent: unknown, received?: unknown][] = [
    ['int4', -2147483648],
    ['int8', '9007199254740993'],
    ['int8', 9007199254740993n, '9007199254740993'],
    ['numeric', '12345678901234567890.000000000000000001'],
    ['float8', 0.1],
    ['float8', 1e300],
    ['float8', Number.NaN],
    ['float8', Number.POSITIVE_INFINITY],
    ['float8', Number.NEGATIVE_INFINITY],
    ['bool', true],
    ['bool', false],
    ['text', ''],
    ['text', nasty],
    ['text', 'x'.repeat(100_000)],
    ['bytea', Buffer.from([0, 1, 39, 92, 255])],
    ['int4[]', [1, null, 3]],
    ['text[]', ['', nasty, null, 'NULL', '{}', ',']],
    ['int4[]', []],
    ['bool[]', [true, false]],
    ['json', { a: [1, 'two', null], 'b"': nasty }],
    ['jsonb', { deep: { deeper: [true] } }],
    ['timestamptz', date],
    ['uuid', '0190163d-8694-739b-aea5-966c26f8ad91'],
    ['text', null],
    ['jsonb', null],
  ]

  it.each(cases)(
    'of type %s arrive as they were sent, as in %o',
    async (type, sent, received = sent) => {
      const [row] = await sql.query(`select $1::${type} as value`, [sent])
      expect(row).toEqual({ value: received })
    },
  )

  it('come with the type and the table they are from', async () => {
    await insert(1)
    const result = await sql.query('select id, 7::int8 as n from things', [], { fullResults: true })
    expect(result).toMatchObject({ command: 'SELECT', rowCount: 1, rows: [{ id: 1, n: '7' }] })
    expect(result.fields).toEqual([
      expect.objectContaining({ name: 'id', dataTypeID: 23, columnID: 1, dataTypeSize: 4 }),
      expect.objectContaining({ name: 'n', dataTypeID: 20, tableID: 0, format: 'text' }),
    ])
    expect(result.fields[0]?.tableID).toBeGreaterThan(0)
  })

  it('are counted for statements that return no rows', async () => {
    const options = { fullResults: true } as const
    const inserted = await sql.query("insert into things values (1,'a'), (2,'b')", [], options)
    expect(inserted).toMatchObject({ command: 'INSERT', rowCount: 2, rows: [], fields: [] })
    const created = await sql.query('create temp table gone ()', [], options)
    expect(created).toMatchObject({ command: 'CREATE', rowCount: null })
  })
})

describe('an error', () => {
  it('names the constraint, the table and the key that was there already', async () => {
    await insert(1)
    expect(await failureOf(insert(1))).toMatchObject({
      message: 'duplicate key value violates unique constraint "things_pkey"',
      code: '23505',
      severity: 'ERROR',
      detail: 'Key (id)=(1) already exists.',
      schema: 'public',
      table: 'things',
      constraint: 'things_pkey',
    })
  })

  it('names the column that must not be null', async () => {
    const error = await failureOf(sql`insert into things values (1, null)`)
    expect(error).toMatchObject({ code: '23502', column: 'name' })
  })

  it('tells the position of a syntax error', async () => {
    const error = await failureOf(sql.query('select oops oops oops'))
    expect(error).toMatchObject({ code: '42601', position: '18', routine: 'scanner_yyerror' })
    expect(Number(error.line)).toBeGreaterThan(0)
  })

  it('tells the place inside a function', async () => {
    const error = await failureOf(sql.query("do $$ begin execute 'selec'; end $$"))
    expect(error).toMatchObject({ code: '42601', internalQuery: 'selec', internalPosition: '1' })
    expect(error.where).toContain('inline_code_block')
  })

  it('says that two statements cannot be one query', async () => {
    expect(await failureOf(sql.query('select 1; select 2'))).toMatchObject({ code: '42601' })
  })

  it('says that the password is wrong or the database missing', async () => {
    const wrong = new URL(database.url)
    wrong.password = 'wrong'
    expect(await failureOf(neon(wrong.href).query('select 1'))).toMatchObject({ code: '28P01' })
    const missing = new URL(database.url)
    missing.pathname = '/missing'
    expect(await failureOf(neon(missing.href).query('select 1'))).toMatchObject({ code: '3D000' })
  })

  it('in a single query leaves its connection to the next', async () => {
    const [before] = await sql`select pg_backend_pid() as pid`
    await failureOf(sql`select 1 / 0`)
    expect(await sql`select pg_backend_pid() as pid`).toEqual([before])
  })
})

describe('a single query', () => {
  it('that begins a transaction loses it together with its connection', async () => {
    await sql.query('begin')
    await insert(1)
    expect(await storedIds()).toEqual([1])
    await vi.waitFor(async () => {
      const open = `select from pg_stat_activity
        where datname = current_database() and state like 'idle in transaction%'`
      expect((await database.direct.query(open)).rows).toEqual([])
    }, PATIENCE)
  })

  it('is planned anew each time, never as a named statement', async () => {
    await sql.query('select $1::int', [1])
    expect(await sql`select count(*)::int from pg_prepared_statements`).toEqual([{ count: 0 }])
  })

  it('has its parameter types inferred by PostgreSQL', async () => {
    await sql.query('insert into things values ($1, $2, $3)', ['1', 'a', '2026-01-01'])
    expect(await storedIds()).toEqual([1])
    expect(await failureOf(sql.query('select $1 + $2', [1, 2]))).toMatchObject({ code: '42725' })
  })
})

describe('drizzle', () => {
  it('inserts, reads and deletes', async () => {
    const db = drizzle(sql)
    const thing = { id: 1, name: 'Zoë "Z" O\'Hara', madeAt: new Date('2026-05-01T10:00:00.5Z') }
    expect(await db.insert(things).values(thing).returning()).toEqual([thing])
    expect(await db.select().from(things).where(eq(things.id, 1))).toEqual([thing])
    await db.delete(things)
    expect(await db.$count(things)).toBe(0)
  })

  it('runs a batch as one transaction', async () => {
    const db = drizzle(sql)
    const [made, all] = await db.batch([
      db.insert(things).values({ id: 1, name: 'one' }).returning({ id: things.id }),
      db.select({ name: things.name }).from(things),
    ])
    expect({ made, all }).toEqual({ made: [{ id: 1 }], all: [{ name: 'one' }] })
    const again = db.batch([
      db.insert(things).values({ id: 2, name: 'two' }),
      db.insert(things).values({ id: 1, name: 'one' }),
    ])
    expect(await failureOf(again)).toMatchObject({ code: '23505' })
    expect(await storedIds()).toEqual([1])
  })
})
