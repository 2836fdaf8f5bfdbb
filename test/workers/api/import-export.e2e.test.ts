import { beforeAll, describe, expect, it } from 'vitest'
import {
  type Changes,
  type Entity,
  fieldsOf,
  newTenant,
  type Page,
  type Problem,
  type Relationship,
  type Tenant,
  urlOf,
} from '../../harness/api.ts'
import { range } from '../../harness/sequences.ts'

type Report = {
  readonly rows: number
  readonly created: number
  readonly updated: number
  readonly unchanged: number
  readonly refused: number
  readonly errors: readonly (Pick<Problem, 'code' | 'errors'> & {
    readonly line: number
    readonly message: string
  })[]
}

type Row = Readonly<Record<string, unknown>>

let tenant: Tenant

beforeAll(async () => {
  tenant = await newTenant()
})

const NDJSON = { 'content-type': 'application/x-ndjson' }
const importText = <Body = Report>(text: string, graph = 'default', headers = {}) =>
  tenant.request<Body>('POST', `/graphs/${graph}/import`, {
    body: text,
    headers: { ...NDJSON, ...headers },
  })
const importRows = (rows: readonly object[], graph?: string) =>
  importText(rows.map((row) => JSON.stringify(row)).join('\n'), graph)

async function exported(graph: string, query = ''): Promise<Row[]> {
  const { text } = await tenant.request<string>('GET', `/graphs/${graph}/export${query}`)
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

async function newGraph(): Promise<string> {
  const name = `g${crypto.randomUUID().slice(0, 8)}`
  await tenant.request('POST', '/graphs', { body: { name } })
  return name
}

const entity = (external_id: string, extra: object = {}) => ({
  kind: 'entity',
  type: 'n',
  external_id,
  ...extra,
})
const tie = (from: string, to: string, extra: object = {}) => ({
  ...{ kind: 'relationship', type: 'r', external_id: `${from}-${to}` },
  ...{ from_external_id: from, to_external_id: to, ...extra },
})

describe('an import', () => {
  it('loads rows, relationships before their entities, and finds them again', async () => {
    const graph = await newGraph()
    const rows = [tie('a', 'b'), entity('a', { name: 'A' }), tie('b', 'a'), entity('b')]
    const first = await importRows(rows, graph)
    const counts = { rows: 4, created: 4, updated: 0, unchanged: 0, refused: 0, errors: [] }
    expect(first.body).toEqual(counts)
    expect(first.headers.get('tendril-bookmark')).toMatch(/^b1\./)
    const again = await importRows(rows, graph)
    expect(again.body).toEqual({ ...counts, created: 0, unchanged: 4 })
    const changed = await importRows([entity('a', { name: 'New' }), entity('b')], graph)
    expect(changed.body).toEqual({ ...counts, rows: 2, created: 0, updated: 1, unchanged: 1 })
    const { body } = await tenant.request<Changes>('GET', `/graphs/${graph}/changes`)
    expect(body.head).toBe(5)
  })

  it('loads the good rows and names the bad ones by line and reason', async () => {
    const graph = await newGraph()
    await importRows([entity('other', { type: 'other' })], graph)
    const lines = [
      JSON.stringify(entity('a')),
      '',
      '{not json}',
      JSON.stringify({ kind: 'entity', type: '1' }),
      '  \t ',
      JSON.stringify(tie('a', 'nobody')),
      JSON.stringify(entity('other')),
      '[]',
      JSON.stringify({ ...entity('b'), nmae: 'x' }),
      '{"kind":"entity","type":"n","external_id":"big","properties":{"n":9007199254740993}}',
      JSON.stringify({ kind: 'planet' }),
      JSON.stringify(entity('c', { properties: { a: 'NUL \0' } })),
      JSON.stringify(tie('a', 'a')),
      'null',
      '',
    ]
    const { status, body } = await importText(lines.join('\n'), graph)
    expect(status).toBe(200)
    expect(body).toMatchObject({ rows: 12, created: 2, refused: 10 })
    expect(body.errors.map(({ line, code, ...error }) => [line, code, fieldsOf(error)])).toEqual([
      [3, 'malformed_request', []],
      [4, 'invalid', ['/external_id', '/type']],
      [6, 'to_not_found', []],
      [7, 'type_mismatch', []],
      [8, 'invalid', ['']],
      [9, 'invalid', ['/nmae']],
      [10, 'invalid', ['/properties/n']],
      [11, 'invalid', ['/kind']],
      [12, 'invalid', ['/properties/a']],
      [14, 'invalid', ['']],
    ])
  })

  it('takes each row for itself, also where several are of one record', async () => {
    const graph = await newGraph()
    const type = { kind: 'entity', name: 'host', json_schema: { required: ['os'] } }
    await tenant.request('POST', `/graphs/${graph}/types`, { body: type })
    const host = (properties: object) => entity('a', { type: 'host', properties })
    const rows = [host({ os: 1 }), host({}), host({ os: 2 }), host({ os: 2 }), tie('a', 'a')]
    const { body } = await importRows([...rows, ...range(20).map((n) => host({ os: n }))], graph)
    expect(body).toMatchObject({ rows: 25, refused: 1, errors: [{ line: 2, code: 'invalid' }] })
    expect(body.created).toBe(2)
    const [only] = await exported(graph)
    expect(only).toMatchObject({ external_id: 'a', properties: { os: 19 } })
  })

  it('with bad rows only loads nothing and says why', async () => {
    const { status, body } = await importText('{\n{}')
    expect([status, body.rows, body.refused]).toEqual([200, 2, 2])
  })

  it('takes CRLF, a last line without an end, a BOM, and what an export writes', async () => {
    const graph = await newGraph()
    const row = { ...entity('a'), version: 7, created_at: 'x', updated_at: 'x', name: null }
    const text = `\ufeff${JSON.stringify(row)}\r\n\r\n${JSON.stringify(tie('a', 'a'))}`
    expect((await importText(text, graph)).body).toMatchObject({ rows: 2, created: 2 })
  })

  it.each(['application/x-ndjson', 'application/ndjson; charset=utf-8', 'application/jsonl'])(
    'may call itself %s',
    async (type) => {
      const { status } = await importText('{}', 'default', { 'content-type': type })
      expect(status).toBe(200)
    },
  )

  it('repeated with its key gives the first report, and nothing twice', async () => {
    const graph = await newGraph()
    const headers = { 'idempotency-key': 'load' }
    // Two chunks of entities, one of relationships, and a bad row.
    const rows = [...range(1_200).map((n) => entity(`${n}`)), tie('1', '2'), { kind: 'x' }]
    const text = rows.map((row) => JSON.stringify(row)).join('\n')
    const first = await importText(text, graph, headers)
    expect(first.body).toMatchObject({ rows: 1_202, created: 1_201, refused: 1 })
    await tenant.request('PATCH', `/graphs/${graph}/entities/x`, { body: {} })
    const again = await importText(text, graph, headers)
    expect(again.body).toEqual(first.body)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(first.headers.has('idempotency-replayed')).toBe(false)
    const other = await importText<Problem>(
      `${text}\n${JSON.stringify(entity('more'))}`,
      graph,
      headers,
    )
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_mismatch'])
    const log = await tenant.request<Changes>('GET', `/graphs/${graph}/changes?limit=1`)
    expect(log.body.head).toBe(1_201)
  })

  it('takes 10,000 rows, and 413 for one more', async () => {
    const graph = await newGraph()
    const rows = range(10_001).map((n) => JSON.stringify(entity(`${n}`, { properties: { n } })))
    const over = await importText<Problem>(rows.join('\n'), graph)
    expect([over.status, over.body.code]).toEqual([413, 'payload_too_large'])
    const full = await importText(rows.slice(1).join('\n'), graph)
    expect(full.body).toMatchObject({ rows: 10_000, created: 10_000, errors: [] })
    const again = await importText(rows.slice(1).join('\n'), graph)
    expect(again.body).toMatchObject({ rows: 10_000, created: 0, unchanged: 10_000 })
    expect(await exported(graph)).toHaveLength(10_000)
  })

  it.each([
    ['no rows', '\n \r\n', NDJSON, 422],
    ['no body', '', NDJSON, 400],
    ['JSON', '{}', { 'content-type': 'application/json' }, 415],
    ['no media type', '{}', { 'content-type': '' }, 415],
  ])('of %s is refused', async (_what, body, headers, expected) => {
    const { status } = await tenant.request('POST', '/import', { body, headers })
    expect(status).toBe(expected)
  })
})

describe('an export', () => {
  it('has entities, then relationships, as they are', async () => {
    const graph = await newGraph()
    await importRows(
      [entity('a', { location: { lat: 1, lon: 2 } }), entity('b'), tie('a', 'b')],
      graph,
    )
    const rows = await exported(graph, '?metadata=true')
    expect(rows.map(({ kind }) => kind)).toEqual(['entity', 'entity', 'relationship'])
    expect(Object.keys((await exported(graph))[0] ?? {})).not.toContain('version')
    for (const { kind, ...record } of rows) {
      const path = kind === 'entity' ? 'entities' : 'relationships'
      const read = await tenant.request('GET', `/graphs/${graph}/${path}/${record.id}`)
      expect(record).toEqual(read.body)
    }
    const { headers } = await tenant.request('GET', `/graphs/${graph}/export`)
    expect(headers.get('content-type')).toBe('application/x-ndjson')
    expect(headers.get('tendril-bookmark')).toMatch(/^b1\./)
  })

  it('of an empty graph is empty', async () => {
    expect(await exported(await newGraph())).toEqual([])
  })

  it('loaded into an empty graph is the same graph', async () => {
    const [from, to] = [await newGraph(), await newGraph()]
    await importRows(
      [
        entity('a', { name: 'Ä "quoted"\n', properties: { deep: [{ x: [null, 1e300] }] } }),
        entity('b', { location: { lat: -90, lon: 180 } }),
        tie('a', 'b', { properties: { w: 0.1 } }),
        tie('b', 'b'),
      ],
      from,
    )
    // Records without an external id keep their id.
    await tenant.request('POST', `/graphs/${from}/entities`, { body: { type: 'anonymous' } })
    const rows = await exported(from)
    const text = rows.map((row) => JSON.stringify(row)).join('\n')
    expect((await importText(text, to)).body).toMatchObject({ rows: 5, created: 5, errors: [] })
    expect(await exported(to)).toEqual(rows)
    expect((await importText(text, to)).body).toMatchObject({ unchanged: 5 })
  })

  it('is the graph at one seq, whatever is written while it is read', async () => {
    const graph = await newGraph()
    const count = 3_000
    await importRows(
      range(count).map((n) => entity(`${n}`, { properties: { n: 0 } })),
      graph,
    )
    await importRows(
      range(count).map((n) => tie(`${n}`, `${(n * 7) % count}`)),
      graph,
    )
    const read = (path: string) => tenant.request<Page<Entity>>('GET', `/graphs/${graph}${path}`)
    const ids = (await read('/entities?limit=1000&sort=-id')).body.items.map(({ id }) => id)
    const { body: log } = await tenant.request<Changes>('GET', `/graphs/${graph}/changes?limit=1`)

    const response = await fetch(urlOf(`/graphs/${graph}/export?metadata=true`), {
      headers: { authorization: `Bearer ${tenant.token}` },
    })
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = (await reader?.read())?.value ?? ''
    // The export has begun: from here on, every write is after the seq that it shows.
    const writes = range(10).flatMap((n) => [
      tenant.request('PATCH', `/graphs/${graph}/entities/${ids[n]}`, {
        body: { properties: { n: 1 } },
      }),
      tenant.request('DELETE', `/graphs/${graph}/entities/${ids[500 + n]}`),
      tenant.request('POST', `/graphs/${graph}/entities`, { body: { type: 'n', id: laterId(n) } }),
    ])
    for (const { status } of await Promise.all(writes)) expect(status).toBeLessThan(300)
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true }
      if (done) break
      text += value
    }

    const rows: Row[] = text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
    expect(rows).toHaveLength(2 * count)
    expect(new Set(rows.map(({ id }) => id)).size).toBe(2 * count)
    expect(Math.max(...rows.map(({ version }) => Number(version)))).toBe(log.head)
    const after = await exported(graph)
    expect(after.filter(({ properties }) => (properties as Row).n === 1)).toHaveLength(10)
    expect(after.filter(({ kind }) => kind === 'entity')).toHaveLength(count)
  })

  /** Sorts after every id that the worker makes now: an export by id would come to it last. */
  const laterId = (n: number) => `ffffffff-ffff-7fff-8fff-${String(n).padStart(12, '0')}`

  it('that is not read to its end leaves nothing behind', async () => {
    const graph = await newGraph()
    await importRows(
      range(2_000).map((n) => entity(`${n}`)),
      graph,
    )
    for (const _ of range(5)) {
      const controller = new AbortController()
      const response = await fetch(urlOf(`/graphs/${graph}/export`), {
        headers: { authorization: `Bearer ${tenant.token}` },
        signal: controller.signal,
      })
      await response.body?.getReader().read()
      controller.abort()
    }
    expect(await exported(graph)).toHaveLength(2_000)
  })

  it('names each relationship by the ids of its ends', async () => {
    const graph = await newGraph()
    await importRows([entity('a'), tie('a', 'a')], graph)
    const [a, loop] = (await exported(graph)) as unknown as [Entity, Relationship]
    expect([loop.from_id, loop.to_id]).toEqual([a.id, a.id])
  })
})
