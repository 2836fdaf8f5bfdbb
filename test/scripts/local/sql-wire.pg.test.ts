import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../harness/pg-database.ts'

// What the driver never sends or hides; Neon's service accepts and answers it.

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
  await database.direct.query('create table things (id int)')
})

afterAll(() => database.drop())

type Headers = Record<string, string>

async function post(body: unknown, headers: Headers = {}, url = inject('sqlEndpoint')) {
  const response = await fetch(url, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'Neon-Connection-String': database.url, ...headers },
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: JSON.parse(text) }
}

async function firstRow(query: string, params: unknown[] = [], headers: Headers = {}) {
  const { json } = await post({ query, params }, headers)
  return json.rows?.[0] ?? json
}

describe('a request', () => {
  it('without a usable connection string is refused with 400', async () => {
    const withString = (value: string) =>
      post({ query: 'select 1' }, { 'Neon-Connection-String': value })
    const cases: Record<string, string> = {
      '': 'invalid header: neon-connection-string',
      nonsense: 'invalid connection string',
      'https://u:p@localhost/db': 'incorrect scheme',
      'postgres://u:p@localhost': 'missing database name',
      'postgres://localhost/db': 'missing username',
      'postgres://u@localhost/db': 'missing authentication credentials: required password',
    }
    for (const [connectionString, message] of Object.entries(cases)) {
      const { status, json } = await withString(connectionString)
      expect({ status, message: json.message }).toEqual({ status: 400, message })
    }
  })

  it.each(['{', '[]', '{}', '{"query":5}', '{"query":"","params":5}', '{"queries":[{}]}'])(
    'with the body %s is refused with 400',
    async (body) => {
      const { status, json } = await post(body)
      expect(status).toBe(400)
      expect(json.message).toMatch(/^could not parse the HTTP request body: /)
      expect(json).toMatchObject({ code: '', detail: null, position: null })
    },
  )

  it('with an unknown isolation level is refused with 400', async () => {
    const headers = { 'Neon-Batch-Isolation-Level': 'Snapshot' }
    const { status, json } = await post({ queries: [] }, headers)
    expect({ status, message: json.message }).toEqual({
      status: 400,
      message: 'invalid isolation level',
    })
  })

  it('with more parameters than the protocol can count is refused with 400', async () => {
    const { status, json } = await post({ query: 'select 1', params: Array(65_536).fill('1') })
    expect(status).toBe(400)
    expect(json.message).toBe('a query takes at most 65535 params, got 65536')
  })

  it('to a server that is not there is answered with 500', async () => {
    const url = 'postgres://user:secret@127.0.0.1:1/db'
    const { status, text } = await post({ query: 'select 1' }, { 'Neon-Connection-String': url })
    expect(status).toBe(500)
    expect(text).toContain('ECONNREFUSED')
    expect(text).not.toContain('secret')
  })

  it('that is no POST to /sql is refused', async () => {
    expect((await post('', {}, `${inject('sqlEndpoint')}x`)).status).toBe(404)
    expect((await fetch(inject('sqlEndpoint'), { method: 'OPTIONS' })).status).toBe(405)
  })

  it('with only the exact string true turns on read only', async () => {
    const queries = [{ query: "select current_setting('transaction_read_only')" }]
    const read = async (value: string) => {
      const { json } = await post({ queries }, { 'Neon-Batch-Read-Only': value })
      return Object.values(json.results[0].rows[0])
    }
    expect([await read('true'), await read('TRUE'), await read('1')]).toEqual([
      ['on'],
      ['off'],
      ['off'],
    ])
  })
})

describe('an answer', () => {
  it('is JSON any origin may read, with the batch headers repeated', async () => {
    const sent = { 'Neon-Batch-Isolation-Level': 'Serializable', 'Neon-Batch-Read-Only': 'true' }
    const { headers } = await post({ queries: [] }, sent)
    expect(headers.get('content-type')).toBe('application/json')
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.get('neon-batch-isolation-level')).toBe('Serializable')
    expect(headers.get('neon-batch-read-only')).toBe('true')
    expect(headers.get('neon-batch-deferrable')).toBeNull()
  })

  it('has rows as objects unless the header or the query asks for arrays', async () => {
    const query = 'select 1 as a, 2 as a'
    const raw = { 'Neon-Raw-Text-Output': 'true' }
    expect((await post({ query }, raw)).text).toContain('"rows":[{"a":"1","a":"2"}]')
    expect(await firstRow(query, [], { ...raw, 'Neon-Array-Mode': 'true' })).toEqual(['1', '2'])
    expect((await post({ query, arrayMode: true }, raw)).json).toMatchObject({
      rowAsArray: true,
      rows: [['1', '2']],
    })
  })

  it('has JSON values when text is not asked for', async () => {
    const query = `select true b, 7::int2 i2, -7 i4, 9007199254740993 i8, 0.5::float4 f4,
      1e20::float8 f8, 'NaN'::float8 nan, '-Infinity'::float4 inf, 1.50 n, null nil,
      '{"a": [9007199254740993, null]}'::json j, '"s"'::jsonb jb, '\\x00ff'::bytea bytes`
    const { text } = await post({ query })
    const row = text.slice(text.indexOf('"rows":'))
    expect(row).toBe(
      '"rows":[{"b":true,"i2":7,"i4":-7,"i8":"9007199254740993","f4":0.5,' +
        '"f8":100000000000000000000,"nan":"NaN","inf":"-Infinity","n":"1.50","nil":null,' +
        '"j":{"a": [9007199254740993, null]},"jb":"s","bytes":"\\\\x00ff"}]}',
    )
  })

  it('has JSON arrays for arrays when text is not asked for', async () => {
    const nasty = ['', ' ', 'a"b\\c', '{x,y}', 'NULL', null, 'Жук 💐', 'two words']
    expect(await firstRow('select $1::text[] v', [nasty])).toEqual({ v: nasty })
    const typed = `select '{t,NULL,f}'::bool[] b, array[[1,2],[3,4]] i, '{}'::int[] e,
      '{NaN,1.5}'::float8[] f, array['{"a":1}','[]']::jsonb[] j, '[0:1]={8,9}'::int8[] bounds,
      array[E'a\\n']::varchar[] line`
    expect(await firstRow(typed)).toEqual({
      b: [true, null, false],
      i: [
        [1, 2],
        [3, 4],
      ],
      e: [],
      f: ['NaN', 1.5],
      j: [{ a: 1 }, []],
      bounds: ['8', '9'],
      line: ['a\n'],
    })
  })

  it('has the parameters as PostgreSQL read their JSON', async () => {
    const query = `select $1::text nil, $2::bool b, $3::numeric n, $4::jsonb o, $5::text[] a,
      $6::int[] nested, $7::jsonb[] objects`
    const params = [
      null,
      true,
      1.5,
      { k: ['v'] },
      ['x', 'a"\\b', null],
      [
        [1, 2],
        [3, 4],
      ],
      [{ k: 'v"' }],
    ]
    expect(await firstRow(query, params)).toEqual({
      nil: null,
      b: true,
      n: '1.5',
      o: { k: ['v'] },
      a: ['x', 'a"\\b', null],
      nested: [
        [1, 2],
        [3, 4],
      ],
      objects: [{ k: 'v"' }],
    })
  })

  it('to an empty query has no command', async () => {
    const { json } = await post({ query: ' -- nothing' })
    expect(json).toEqual({ command: '', rowCount: null, rowAsArray: false, fields: [], rows: [] })
  })
})

describe('an answer over 64 MB', () => {
  const huge = "select repeat('x', 1000000) from generate_series(1, 70)"

  it('is refused with 507', async () => {
    const { status, json } = await post({ query: huge })
    expect(status).toBe(507)
    expect(json.message).toBe('response is too large (max is 67108864 bytes)')
  })

  it('rolls its batch back', async () => {
    const queries = [{ query: 'insert into things values (1)' }, { query: huge }]
    expect((await post({ queries })).status).toBe(507)
    expect(await firstRow('select count(*)::int n from things')).toEqual({ n: 0 })
  })

  it('is counted over all queries of a batch', async () => {
    const half = { query: huge.replace('70', '40') }
    expect((await post({ queries: [half] })).status).toBe(200)
    expect((await post({ queries: [half, half] })).status).toBe(507)
  })
})

describe('COPY', () => {
  it.each(['copy things from stdin', 'copy things to stdout'])(
    'is refused and leaves the service usable: %s',
    async (query) => {
      await database.direct.query('insert into things values (1)')
      for (let i = 0; i < 25; i++) expect((await post({ query })).status).toBe(400)
      const queries = [{ query }, { query: 'select 1' }]
      for (let i = 0; i < 25; i++) expect((await post({ queries })).status).toBe(400)
      expect(await firstRow('select 1 as one')).toEqual({ one: 1 })
    },
  )
})
