import { beforeAll, describe, expect, it } from 'vitest'
import { fieldsOf, newTenant, type Problem, type Tenant, urlOf } from '../../harness/api.ts'
import { range } from '../../harness/sequences.ts'

let tenant: Tenant

beforeAll(async () => {
  tenant = await newTenant()
})

const TYPES = {
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
  graphml: 'application/graphml+xml',
  stix: 'application/stix+json;version=2.1',
} as const
type Format = keyof typeof TYPES

type Report = {
  readonly rows: number
  readonly created: number
  readonly updated: number
  readonly unchanged: number
  readonly refused: number
  readonly errors: readonly {
    readonly line: number
    readonly code: string
    readonly message: string
  }[]
  readonly warnings?: readonly string[]
  readonly dry_run?: true
}

function load<Body = Report>(format: Format, body: string, graph: string, query = '') {
  return tenant.request<Body>('POST', `/graphs/${graph}/import${query}`, {
    body,
    headers: { 'content-type': TYPES[format] },
  })
}

async function newGraph(): Promise<string> {
  const name = `g${crypto.randomUUID().slice(0, 8)}`
  await tenant.request('POST', '/graphs', { body: { name } })
  return name
}

async function exported(graph: string, query: string): Promise<string> {
  const { text, status } = await tenant.request<string>('GET', `/graphs/${graph}/export${query}`)
  expect(status).toBe(200)
  return text
}

async function headOf(graph: string): Promise<number> {
  const { body } = await tenant.request<{ head: number }>('GET', `/graphs/${graph}/changes?limit=1`)
  return body.head
}

const entity = (external_id: string | null, more: object = {}) => ({
  ...{ kind: 'entity', type: 'n', external_id, ...more },
})

/** A graph with everything that formats like to lose. */
function awkwardRows(): object[] {
  const texts = [
    ...['', ' ', ' a ', 'a\nb', 'a\r\nb\rc', '"', 'a,b;c\td', '=1+1', '5', '007', 'true', 'null'],
    ...['{}', '[1]', '\u0001\u001f\u007f', '\ufeff', '\uffff\ufffe', 'ä😀é', '<![CDATA[x]]>&amp;'],
    ...['\u2028\u0085', "'", '-1', '+1', '1e400', 'NaN'],
  ]
  const numbers = [0, -1, 0.1, 1e300, 5e-324, 1.7976931348623157e308, 9007199254740991, 1e21]
  const anonymous = '01979c7e-3a5b-7cc0-8f43-6c5d2a1b0e9f'
  const tie = (external_id: string, from: object, to: object, properties: object = {}) => ({
    ...{ kind: 'relationship', type: 'r', external_id, ...from, ...to, properties },
  })
  const [a, b] = [{ from_external_id: 't0' }, { to_external_id: 't1' }]
  return [
    ...texts.map((text, i) => entity(`t${i}`, { name: text || null, properties: { text } })),
    ...numbers.map((number, i) => entity(`n${i}`, { properties: { number } })),
    entity('\r\n "x" \u0002', { location: { lat: -89.999999999999, lon: 180 } }),
    entity('j1', { properties: { json: { __proto: 1, deep: [[[{ a: null }]]] }, mixed: 1 } }),
    JSON.parse(
      '{"kind":"entity","type":"n","external_id":"j2","properties":{"__proto__":{"a":1}}}',
    ),
    entity('j3', { properties: { json: null, mixed: '1', 'a.b': true, 'c:json': 'x', '': '' } }),
    entity('j4', {
      properties: { mixed: false, 'a.b': false, ' key ': 1, '\n<"': 'k', '\u0003': 1 },
    }),
    entity('big', { properties: { text: 'é"\n'.repeat(100_000) } }),
    { ...entity(null), id: anonymous },
    tie('loop', { from_external_id: 't0' }, { to_external_id: 't0' }),
    tie('p1', a, b, { w: 1, s: '1' }),
    tie('p2', a, b, { w: 1.5, s: '' }),
    tie('p3', { from_id: anonymous }, b, { w: null }),
    { ...tie('', a, b), external_id: null, id: '01979c7e-3a5b-7cc0-8f43-6c5d2a1b0e9e' },
  ]
}

describe('an export loaded into an empty graph', () => {
  it.each([
    ['NDJSON', 'ndjson', ['?']],
    ['CSV', 'csv', ['?kind=entity&', '?kind=relationship&']],
    ['GraphML', 'graphml', ['?']],
  ] as const)(
    'as %s is the same bytes when it is exported again',
    async (_name, format, queries) => {
      const [from, to] = [await newGraph(), await newGraph()]
      const rows = awkwardRows()
      const text = rows.map((row) => JSON.stringify(row)).join('\n')
      expect((await load('ndjson', text, from)).body).toMatchObject({
        created: rows.length,
        errors: [],
      })
      for (const query of queries) {
        const file = await exported(from, `${query}format=${format}`)
        const { body } = await load(format, file, to)
        expect(body.errors).toEqual([])
        expect(await exported(to, `${query}format=${format}`)).toBe(file)
        // Nothing of it changes the graph that it came from.
        expect((await load(format, file, from)).body).toMatchObject({ created: 0, updated: 0 })
      }
      expect(await exported(to, '')).toBe(await exported(from, ''))
    },
  )

  it('may carry metadata, over which an import passes', async () => {
    const [from, to] = [await newGraph(), await newGraph()]
    await load('ndjson', JSON.stringify(entity('a', { properties: { x: 1 } })), from)
    for (const [format, query] of [
      ['ndjson', '?metadata=true'],
      ['csv', '?metadata=true&format=csv&kind=entity'],
      ['graphml', '?metadata=true&format=graphml'],
    ] as const) {
      const file = await exported(from, query)
      expect(file).toMatch(/updated_at/)
      expect((await load(format, file, to)).body).toMatchObject({ refused: 0, updated: 0 })
    }
    expect(await exported(to, '')).toBe(await exported(from, ''))
  })

  it('names its file and its type', async () => {
    const graph = await newGraph()
    for (const [query, type, file] of [
      ['', 'application/x-ndjson', `${graph}.ndjson`],
      ['?kind=entity', 'application/x-ndjson', `${graph}-entities.ndjson`],
      ['?format=csv&kind=relationship', 'text/csv', `${graph}-relationships.csv`],
      ['?format=graphml', 'application/graphml+xml', `${graph}.graphml`],
    ] as const) {
      const { headers } = await tenant.request<string>('GET', `/graphs/${graph}/export${query}`)
      expect(headers.get('content-type')).toContain(type)
      expect(headers.get('content-disposition')).toBe(`attachment; filename="${file}"`)
      expect(headers.get('tendril-bookmark')).toMatch(/^b1\./)
    }
  })

  it.each([
    ['?format=csv', ['kind']],
    ['?format=xlsx', ['format']],
    ['?format=graphml&kind=entity', ['kind']],
    ['?kind=planet&metadata=maybe&x=1', ['kind', 'metadata', 'x']],
  ])('is not made of %s', async (query, fields) => {
    const { status, body } = await tenant.request('GET', `/export${query}`)
    expect([status, fieldsOf(body)]).toEqual([422, fields])
  })
})

describe('an import', () => {
  it('takes a CSV file of another tool by its column mapping', async () => {
    const graph = await newGraph()
    const airports =
      'iata;place;latitude;longitude;runs\nATL;Atlanta;33.64;-84.43;5\nSFO;;37.6;-122.4;4\n'
    const query = '?type=airport&map=iata%3Dexternal_id&map=place%3Dproperties.city&infer=false'
    const first = await load('csv', airports, graph, query)
    expect(first.body).toMatchObject({ created: 2, errors: [] })
    const routes = 'src,dst,flights\nATL,SFO,12\nATL,XXX,1\n'
    const second = await load('csv', routes, graph, '?type=route')
    expect(second.body).toMatchObject({ created: 1, errors: [{ line: 3, code: 'to_not_found' }] })
    const again = await load('csv', routes, graph, '?type=route')
    expect(again.body).toMatchObject({ created: 0, unchanged: 1 })
    const rows = (await exported(graph, ''))
      .split('\n')
      .filter(Boolean)
      .map((row) => JSON.parse(row))
    expect(rows[0]).toMatchObject({
      ...{ type: 'airport', external_id: 'ATL', location: { lat: 33.64, lon: -84.43 } },
      properties: { city: 'Atlanta', runs: '5' },
    })
    expect(rows[2]).toMatchObject({ type: 'route', properties: { flights: 12 } })
  })

  it('takes GraphML and STIX, and says what it read otherwise than it was meant', async () => {
    const graph = await newGraph()
    const xml =
      '<graphml><graph edgedefault="undirected">\n<node id="a"/><node id="b"/>\n<edge source="a" target="b"/><edge source="a" target="c"/></graph></graphml>'
    expect(
      (await load('graphml', xml, graph, '?type=box&relationship_type=line')).body,
    ).toMatchObject({
      ...{ created: 3, warnings: ['undirected edges are read as directed, from source to target'] },
      errors: [{ line: 3, code: 'to_not_found', message: expect.stringMatching(/^edge a -> c: /) }],
    })
    const id = (type: string) => `${type}--00000000-0000-4000-8000-000000000001`
    const bundle = JSON.stringify({
      objects: [{ type: 'tool', id: id('tool'), name: 'ping', created_by_ref: id('identity') }],
    })
    expect((await load('stix', bundle, graph)).body).toMatchObject({
      created: 1,
      errors: [{ line: 1, message: expect.stringContaining(`${id('tool')} created_by_ref: `) }],
    })
  })

  it.each([
    [
      'ndjson',
      '{"kind":"entity","type":"t","external_id":"x"}\n{"kind":"entity","type":"t","external_id":"y","properties":{"n":"a"}}\n{',
    ],
    ['csv', 'external_id,type,properties.n:number\nx,t,\n"y",t2,1\nz,t,five\n'],
    [
      'graphml',
      '<graphml><key id="k" attr.name="n"/><key id="t" attr.name="type"/><graph>\n<node id="x"/><node id="y"><data key="k">a</data><data key="t">t</data></node><node/></graph></graphml>',
    ],
  ] as const)('as a dry run of %s reports the same and writes nothing', async (format, text) => {
    const graph = await newGraph()
    const type = {
      ...{ kind: 'entity', name: 't' },
      json_schema: { properties: { n: { type: 'number' } } },
    }
    await tenant.request('POST', `/graphs/${graph}/types`, { body: type })
    const head = await headOf(graph)
    const dry = await load(format, text, graph, '?dry_run=true')
    expect(dry.body).toMatchObject({ dry_run: true, created: 0, updated: 0, unchanged: 0 })
    expect(await headOf(graph)).toBe(head)
    expect(await exported(graph, '')).toBe('')
    const real = await load(format, text, graph)
    expect(real.body.created).toBeGreaterThan(0)
    expect(real.body.refused).toBeGreaterThan(0)
    expect(dry.body.errors).toEqual(real.body.errors)
    expect(dry.body.refused).toBe(real.body.refused)
  })

  it('checks a dry run by the types as they are now', async () => {
    const graph = await newGraph()
    const row = JSON.stringify(entity('a'))
    await load('ndjson', row, graph, '?dry_run=true')
    const type = { kind: 'entity', name: 'n', json_schema: { required: ['os'] } }
    await tenant.request('POST', `/graphs/${graph}/types`, { body: type })
    expect((await load('ndjson', row, graph, '?dry_run=true')).body.refused).toBe(1)
  })

  it.each([
    ['csv', '?kind=planet', ['kind']],
    ['csv', '?type=1', ['type']],
    ['csv', '?map=x', ['map']],
    ['csv', '?map=nope%3Dname', ['map', 'type']],
    ['csv', '?unmapped=drop&infer=1&dry_run=yes', ['dry_run', 'infer', 'unmapped']],
    ['csv', '?relationship_type=r', ['relationship_type']],
    ['graphml', '?map=a%3Did', ['map']],
    ['graphml', '?kind=entity', ['kind']],
    ['ndjson', '?type=a', ['type']],
    ['stix', '?map=a%3Dname', ['map']],
  ] as const)('of %s with %s names what is wrong', async (format, query, fields) => {
    const text = {
      csv: 'id,a\nx,1\n',
      graphml: '<graphml/>',
      ndjson: '{}',
      stix: '{"objects":[{}]}',
    }
    const { status, body } = await load<Problem>(format, text[format], 'default', query)
    expect([status, [...new Set(fieldsOf(body))]]).toEqual([422, fields])
  })

  it.each([
    ['csv', 'external_id,type\na,t\n"b', 'line 3: a quote is opened'],
    ['graphml', '<graphml><graph>\n<node id="a"/><node id="b">', 'line 2: not XML: unclosed tag'],
    [
      'graphml',
      '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><graphml/>',
      'a DOCTYPE is not',
    ],
    ['graphml', '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><graphml/>', 'a DOCTYPE is'],
    ['stix', '{"objects":[\n{"type":"tool"},', 'line 2: not a STIX bundle'],
  ] as const)(
    'of %s that breaks off is refused with its line, and writes nothing',
    async (format, text, detail) => {
      const graph = await newGraph()
      const { status, body } = await load<Problem>(format, text, graph)
      expect([status, body.code]).toEqual([400, 'malformed_request'])
      expect(body.detail).toContain(detail)
      expect(await headOf(graph)).toBe(0)
    },
  )

  it.each([
    'application/json',
    'text/plain',
    'text/csv; charset=iso-8859-1',
    'application/stix+json;version=2.0',
    'application/xml',
  ])('as %s is 415 and told what to send', async (type) => {
    const { status, body } = await tenant.request('POST', '/import', {
      ...{ body: '{}', headers: { 'content-type': type } },
    })
    expect(status).toBe(415)
    for (const each of Object.values(TYPES)) expect(body.detail).toContain(each)
  })

  it('refuses a NUL with its line and loads the rest', async () => {
    const graph = await newGraph()
    const { body } = await load('csv', 'external_id,type,a\nx,t,1\ny,t,a\0b\nz,t,2\n', graph)
    expect(body).toMatchObject({ created: 2, errors: [{ line: 3, code: 'invalid' }] })
    expect(body.errors[0]?.message).toBe('/properties/a: contains the character U+0000')
  })

  it('whose client goes away can be repeated with its key, and is finished once', async () => {
    const graph = await newGraph()
    const rows = range(6_000).map((n) => JSON.stringify(entity(`${n}`)))
    const headers = { 'content-type': TYPES.ndjson, 'idempotency-key': 'once' }
    const controller = new AbortController()
    const leaving = fetch(urlOf(`/graphs/${graph}/import`), {
      method: 'POST',
      headers: { ...headers, authorization: `Bearer ${tenant.token}` },
      body: rows.join('\n'),
      signal: controller.signal,
    }).catch(() => null)
    while ((await headOf(graph)) === 0);
    controller.abort()
    await leaving
    const again = await tenant.request<Report>('POST', `/graphs/${graph}/import`, {
      ...{ body: rows.join('\n'), headers },
    })
    expect(again.body).toMatchObject({ created: 6_000, unchanged: 0, errors: [] })
    expect(await headOf(graph)).toBe(6_000)
  })

  it('is another request when its query is another', async () => {
    const graph = await newGraph()
    const headers = { 'content-type': 'text/csv', 'idempotency-key': 'one' }
    const send = (query: string) =>
      tenant.request<Problem>('POST', `/graphs/${graph}/import${query}`, {
        body: 'id\na\n',
        headers,
      })
    expect((await send('?type=a')).status).toBe(200)
    expect((await send('?type=a')).headers.get('idempotency-replayed')).toBe('true')
    expect([(await send('?type=b')).status, (await send('?type=b')).body.code]).toEqual([
      ...[422, 'idempotency_mismatch'],
    ])
  })
})
