import { beforeAll, describe, expect, it } from 'vitest'
import { type Entity, fieldsOf, newTenant, type Page, type Tenant } from '../../harness/api.ts'
import { allPages, range } from '../../harness/sequences.ts'

let tenant: Tenant

beforeAll(async () => {
  tenant = await newTenant()
})

/** Writes entities of one type, in one batch: they share their creation time. */
async function write(type: string, records: readonly object[]): Promise<void> {
  const commands = records.map((record) => ({ action: 'create_entity', type, ...record }))
  const { status, text } = await tenant.request('POST', '/batch', { body: { commands } })
  expect(status, text).toBe(200)
}

const list = (query: string) => tenant.request<Page<Entity>>('GET', `/entities?${query}`)

async function names(query: string): Promise<(string | null)[]> {
  return (await list(query)).body.items.map(({ name }) => name)
}

describe('pages of a list', () => {
  const mixed: unknown[] = [
    ...[null, null, -1, 0, 1, 1, 1.5, 1e300, 5e-324, 9_007_199_254_740_991],
    ...['', 'B', 'a', 'é', '\u{1f331}', '1', 'x'.repeat(2_000), true, false],
    ...[[], [1], [1, 2], ['x'], {}, { a: 1 }, { a: { b: [null] } }],
  ]

  beforeAll(async () => {
    // Three batches, so that there are ties of time and changes of it; some without the property.
    const records = mixed.map((value, i) => ({
      name: i % 5 === 0 ? null : `Name ${i % 5}`,
      properties: i === 1 ? {} : { value, deep: { value } },
    }))
    for (const start of [0, 9, 18]) await write('mixed', records.slice(start, start + 9))
    for (const { id } of (await list('type=mixed&limit=5')).body.items) {
      await tenant.request('PATCH', `/entities/${id}`, { body: { properties: { touched: true } } })
    }
  })

  const sorts = ['id', 'created_at', 'updated_at', 'version', 'name']
  const properties = ['properties.value', 'properties.deep.value', 'properties.nothing']

  it.each([...sorts, ...properties])('by %s add up, in both directions', async (sort) => {
    const whole = (await list(`type=mixed&sort=${sort}&limit=1000`)).body
    expect([whole.items.length, whole.next]).toEqual([mixed.length, null])
    const ids = whole.items.map(({ id }) => id)
    expect(new Set(ids).size).toBe(mixed.length)
    for (const limit of [1, 4, mixed.length]) {
      const query = `/entities?type=mixed&limit=${limit}`
      const up = await allPages<Entity>(tenant, `${query}&sort=${sort}`)
      expect(up.map(({ id }) => id)).toEqual(ids)
      const down = await allPages<Entity>(tenant, `${query}&sort=-${sort}`)
      expect(down.map(({ id }) => id)).toEqual(ids.toReversed())
    }
  })

  it.each(['id', 'created_at', 'updated_at', 'version'] as const)(
    'are in order of %s',
    async (by) => {
      const items = await allPages<Entity>(tenant, `/entities?type=mixed&sort=${by}&limit=7`)
      const values = items.map((item) => item[by])
      expect(values).toEqual(values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)))
    },
  )

  it('are by creation unless another order is asked for', async () => {
    const { body } = await list('type=mixed&limit=1000')
    expect(body).toEqual((await list('type=mixed&sort=created_at&limit=1000')).body)
  })

  it('put numbers of a property in numeric order, and strings among strings', async () => {
    const items = await allPages<Entity>(tenant, '/entities?type=mixed&sort=properties.value')
    const values = items.map(({ properties }) => properties.value)
    expect(values.filter((value) => typeof value === 'number')).toEqual([
      -1, 0, 5e-324, 1, 1, 1.5, 9_007_199_254_740_991, 1e300,
    ])
    const runs = values.map((value) => typeof value).filter((t, i, all) => t !== all[i - 1])
    expect(runs.filter((type) => !/object|undefined/.test(type))).toEqual([
      'string',
      'number',
      'boolean',
    ])
  })

  it('say where they go on by a Link, too, and give 50 unless told otherwise', async () => {
    await write(
      'many',
      range(51).map(() => ({})),
    )
    const first = await list('type=many')
    expect(first.body.items).toHaveLength(50)
    const [, path] = /^<(.+)>; rel="next"$/.exec(first.headers.get('link') ?? '') ?? []
    const second = await tenant.request<Page<Entity>>('GET', `/${path}`)
    expect([second.body.items.length, second.body.next]).toEqual([1, null])
    expect(second.headers.has('link')).toBe(false)
  })

  it.each(['created_at', '-created_at', 'name', '-properties.n'])(
    'by %s neither repeat nor skip what was there while others come and go',
    async (sort) => {
      const type = `moving${sort.replace(/\W/g, '_')}`
      await write(
        type,
        range(12).map((n) => ({ name: `M${n}`, properties: { n } })),
      )
      const before = (await list(`type=${type}&limit=100`)).body.items.map(({ id }) => id)
      const seen: string[] = []
      let cursor: string | null = ''
      for (let page = 0; cursor !== null; page += 1) {
        const at: string = cursor && `&cursor=${cursor}`
        const { body }: { body: Page<Entity> } = await list(
          `type=${type}&sort=${sort}&limit=3${at}`,
        )
        seen.push(...body.items.map(({ id }) => id))
        cursor = body.next
        await write(type, [
          { name: 'A', properties: { n: -page } },
          { name: 'Z', properties: { n: 100 + page } },
        ])
        // Also the record that the cursor was made from may go.
        if (page === 0) await tenant.request('DELETE', `/entities/${body.items.at(-1)?.id}`)
      }
      expect(new Set(seen).size).toBe(seen.length)
      expect(before.filter((id) => !seen.includes(id))).toEqual([])
    },
  )
})

describe('a filter', () => {
  beforeAll(async () => {
    await write('port', [
      { name: 'one', properties: { n: 1, s: 'CA', b: true, z: null, deep: { er: 'x' } } },
      { name: 'two', properties: { n: 2, s: '2', b: false, tags: ['a', 'b'], 'a-b c': 1 } },
      { name: 'ten', properties: { n: 10, s: 'true', deep: { er: { est: 7 } } } },
      { name: 'text', properties: { n: '10', s: '5th "Avenue"', 'q"u\\o': 1 } },
      { name: 'none', properties: {} },
    ])
  })

  it.each([
    ['properties.n=1', ['one']],
    ['properties.n=1.0', ['one']],
    ['properties.n=10', ['ten']],
    ['properties.n="10"', ['text']],
    ['properties.n[gt]=1', ['two', 'ten']],
    ['properties.n[gte]=2&properties.n[lt]=10', ['two']],
    ['properties.n[lte]=1', ['one']],
    ['properties.n[gt]="0"', ['text']],
    ['properties.s=CA', ['one']],
    ['properties.s="2"', ['two']],
    ['properties.s=2', []],
    ['properties.s="true"', ['ten']],
    ['properties.s=true', []],
    ['properties.s=5th "Avenue"', ['text']],
    ['properties.s[gte]=5&properties.s[lt]=D', []],
    ['properties.s[gte]="5"&properties.s[lt]=D', ['one', 'text']],
    ['properties.b=true', ['one']],
    ['properties.b=false', ['two']],
    ['properties.z=null', ['one']],
    ['properties.deep.er=x', ['one']],
    ['properties.deep.er.est[gt]=6.5', ['ten']],
    ['properties.tags.1=b', ['two']],
    ['properties.a-b c=1', ['two']],
    ['properties.q"u\\o=1', ['text']],
    ['properties.n=1&properties.b=false', []],
    ['properties.nothing=1', []],
    ['name_prefix=t', ['two', 'ten', 'text']],
  ])('%s', async (query, expected) => {
    const encoded = new URLSearchParams(
      query.split('&').map((part) => part.split(/=(.*)/s).slice(0, 2)),
    )
    expect(await names(`type=port&sort=version&${encoded}`)).toEqual(expected)
  })

  it('by external id finds at most one', async () => {
    await write('port', [{ external_id: 'SFO "1"', name: 'by id' }])
    expect(await names(`external_id=${encodeURIComponent('SFO "1"')}`)).toEqual(['by id'])
    expect(await names('external_id=sfo')).toEqual([])
  })

  it.each([
    ['sáo', ['SÁO']],
    ['são', ['São Paulo']],
    ['STRASSE', ['Strasse']],
    ['straß', ['straße']],
    ['ﬁ', ['ﬁnch', 'Finch']],
    ['fin', ['ﬁnch', 'Finch']],
    ['\u{1f331}', ['\u{1f331}\u{1f332}']],
    ['%', ['%_100']],
    ['_', []],
    ['', null],
    ['\u{10ffff}', ['\u{10ffff}x']],
    ['Ω', ['Ωmega']],
  ])('by the prefix %j of a name knows case and forms, not spelling', async (prefix, expected) => {
    const type = `name${crypto.randomUUID().slice(0, 8)}`
    const all = ['São Paulo', 'SÁO', 'Strasse', 'straße', 'ﬁnch', 'Finch', '%_100', 'Ωmega']
    const odd = ['\u{1f331}\u{1f332}', '\u{10ffff}x']
    await write(
      type,
      [...all, ...odd].map((name) => ({ name })),
    )
    const found = await names(`type=${type}&sort=version&name_prefix=${encodeURIComponent(prefix)}`)
    expect(found).toEqual(expected ?? [...all, ...odd])
  })
})

describe('a list is refused', () => {
  it('with every parameter that is unknown or wrong, at once', async () => {
    const query = [
      ...['nmae=x', 'limit=0', 'sort=size', 'from_id=', 'properties.a[near]=1', 'properties.=1'],
      ...['properties.a[gt]=true', 'properties.big=9007199254740993'],
    ]
    const path = `/relationships?${query.join('&')}`
    const { status, body } = await tenant.request('GET', path)
    const names = query.map((part) => part.replace(/=.*/, ''))
    expect([status, fieldsOf(body)]).toEqual([422, names.sort()])
  })

  it.each(['limit=1001', 'limit=-1', 'limit=ten', 'limit=1.5', 'limit=', 'limit=1&limit=2'])(
    'with %s',
    async (query) => {
      const { status, body } = await tenant.request('GET', `/entities?${query}`)
      expect([status, fieldsOf(body)]).toEqual([422, ['limit']])
    },
  )

  it.each([
    'type=%00',
    'name_prefix=%00',
    'properties.a%00=1',
    'properties.a=%00',
    'properties.a="%5Cu0000"',
    'properties.a="%5Cud800"',
    'properties.a=1e999',
    'sort=properties.%00',
  ])('with what no record can have: %s', async (query) => {
    expect((await tenant.request('GET', `/entities?${query}`)).status).toBe(422)
  })

  it('with a cursor that it did not give', async () => {
    const { body } = await list('type=mixed&limit=1&sort=name')
    const made = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const id = crypto.randomUUID()
    const cursors: [string, string][] = [
      ['name', ''],
      ['name', 'x'],
      ['name', '%'],
      ['name', made(null)],
      ['name', made(['name', 'x'])],
      ['name', made(['name', 'x', 'no id'])],
      ['name', made(['name', '\0', id])],
      ['name', made(['name', 1, id])],
      ['-name', body.next ?? ''],
      ['id', body.next ?? ''],
      ['created_at', made(['created_at', '2020', id])],
      ['created_at', made(['created_at', '2026-02-30T00:00:00.000Z', id])],
      ['version', made(['version', 1.5, id])],
      ['version', made(['version', 1e300, id])],
      ['id', made(['id', 'x', id])],
      ['properties.a', made(['properties.a', '\0', id])],
      ['properties.a', made(['properties.a', { '\ud800': 1 }, id])],
    ]
    for (const [sort, cursor] of cursors) {
      const answer = await tenant.request('GET', `/entities?sort=${sort}&cursor=${cursor}`)
      const got = [answer.status, answer.body.code]
      expect.soft(got, `${sort} ${cursor}`).toEqual([400, 'malformed_request'])
    }
  })
})
