import { beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../../durable-objects/graph-log/histories/random.ts'
import { type Entity, fieldsOf, newTenant, type Page, type Tenant } from '../../harness/api.ts'
import { ownerSql } from '../../harness/owner-sql.ts'
import { PATIENCE } from '../../harness/patience.ts'
import { allPages, range } from '../../harness/sequences.ts'

type Index = { readonly name: string; readonly method: string; readonly fields: readonly string[] }
type Type = { readonly indexes: readonly (Index & { readonly status: string })[] }

const seed = Number(process.env.TENDRIL_SEED ?? Date.now() % 1_000_000)

let tenant: Tenant

beforeAll(async () => {
  tenant = await newTenant()
})

async function write(type: string, records: readonly object[], caller = tenant): Promise<void> {
  for (let start = 0; start < records.length; start += 1_000) {
    const part = records.slice(start, start + 1_000)
    const commands = part.map((record) => ({ action: 'create_entity', type, ...record }))
    const { status, text } = await caller.request('POST', '/batch', { body: { commands } })
    expect(status, text).toBe(200)
  }
}

function put(type: string, indexes: readonly Index[], caller = tenant) {
  return caller.request<Type>('PUT', `/types/entity/${type}`, {
    body: { json_schema: {}, indexes },
  })
}

/** Declares indexes and waits for them as a client would. */
async function declare(type: string, indexes: readonly Index[], caller = tenant): Promise<void> {
  const { status, text } = await put(type, indexes, caller)
  expect(status, text).toBeLessThan(300)
  await expect.poll(() => statuses(type, caller), PATIENCE).toEqual(indexes.map(() => 'ready'))
}

async function statuses(type: string, caller = tenant): Promise<string[]> {
  const { body } = await caller.request<Type>('GET', `/types/entity/${type}`)
  return body.indexes.map(({ status }) => status)
}

const list = (query: string) => tenant.request<Page<Entity>>('GET', `/entities?${query}`)
const names = async (query: string) => (await list(query)).body.items.map(({ name }) => name)

const ALL: readonly Index[] = [
  { name: 'by_state', method: 'composite', fields: ['properties.state', 'properties.size'] },
  { name: 'by_size', method: 'composite', fields: ['properties.size'] },
  { name: 'by_name', method: 'composite', fields: ['properties.state', 'name'] },
  { name: 'notes', method: 'text', fields: ['properties.note'] },
  { name: 'words', method: 'fulltext', fields: ['name', 'properties.note'] },
  { name: 'place', method: 'geo', fields: [] },
]

describe('a declared index', () => {
  it(`changes nothing about what a list answers (seed ${seed})`, async () => {
    const random = seededRandom(seed)
    const records = range(600).map((i) => ({
      name: random.chance(0.9) ? `Port ${random.below(40)}` : null,
      properties: {
        state: random.pick(['CA', 'NY', 7, null]),
        size: random.chance(0.9) ? random.below(30) - 5 : 'big',
        ...(i % 3 === 0 ? { note: random.pick(['sandy shore', 'rocky', 'sand_y']) } : {}),
      },
    }))
    await write('same', records)
    const filters = ['properties.state=CA', 'properties.state=7', 'properties.size[gte]=3']
    const more = ['properties.size[lt]=20', 'name_prefix=port 1', 'properties.note[contains]=sand']
    const sorts = ['properties.size', '-properties.size', 'name', '-name', 'created_at', '-id']
    const queries = range(40).map(() => {
      const parts = [...filters, ...more].filter(() => random.chance(0.4))
      return `type=same&${parts.join('&')}&sort=${random.pick(sorts)}&limit=${random.pick([45, 300])}`
    })
    const answers = async () => {
      const ids: string[][] = []
      for (const query of queries) {
        ids.push((await allPages<Entity>(tenant, `/entities?${query}`)).map(({ id }) => id))
      }
      return ids
    }
    // Begun before there is any index, and gone on with when there is.
    const begun = `/entities?type=same&properties.state=CA&sort=-properties.size&limit=20`
    const first = (await tenant.request<Page<Entity>>('GET', begun)).body
    const before = await answers()
    await declare('same', ALL)
    expect(await answers()).toEqual(before)
    const whole = (await allPages<Entity>(tenant, begun)).map(({ id }) => id)
    const seen = first.items.map(({ id }) => id)
    for (let cursor = first.next; cursor !== null; ) {
      const page = await tenant.request<Page<Entity>>('GET', `${begun}&cursor=${cursor}`)
      seen.push(...page.body.items.map(({ id }) => id))
      cursor = page.body.next
    }
    expect(seen).toEqual(whole)
  })

  it('is built in the background, in pages, and served when it is ready', async () => {
    await write(
      'large',
      range(7_000).map((i) => ({ name: `Large ${i}`, properties: { size: i } })),
    )
    const words = { name: 'words', method: 'fulltext', fields: ['name'] }
    const { body } = await put('large', [words])
    expect(body.indexes).toMatchObject([{ ...words, status: 'building' }])
    const early = await list('type=large&search=large')
    expect([early.status, fieldsOf(early.body as never)]).toEqual([422, ['search']])
    expect(early.text).toContain('still being built')
    // Unchanged: the request only helps with the work.
    await expect
      .poll(async () => (await put('large', [words])).body.indexes[0]?.status, PATIENCE)
      .toBe('ready')
    expect(await names('type=large&search=6999')).toEqual(['Large 6999'])
    await put('large', [])
    const late = await list('type=large&search=large')
    expect([late.status, fieldsOf(late.body as never)]).toEqual([422, ['search']])
    await expect
      .poll(async () => {
        await put('large', [])
        const sql = `select count(*)::int as n from type_tasks where tenant_id = $1 and name = 'large'`
        return (await ownerSql('shard', tenant.id, sql, [tenant.id]))[0]?.n
      }, PATIENCE)
      .toBe(0)
    const sql = `select count(*)::int as n from fulltext_entries f
      join entities e on e.id = f.record_id where e.type = 'large' and f.tenant_id = $1`
    expect(await ownerSql('shard', tenant.id, sql, [tenant.id])).toEqual([{ n: 0 }])
  })

  it('is right after every kind of write, and while others write', async () => {
    await declare('live', ALL)
    const body = (n: number) => ({
      name: `Live ${n}`,
      location: { lat: n, lon: n },
      properties: { state: 'CA', size: n, note: `note ${n}` },
    })
    await write('live', range(30).map(body))
    const all = (await list('type=live&limit=100')).body.items
    const other = { properties: { size: 1_000, note: 'changed' }, location: { lat: 60, lon: 60 } }
    const id = (n: number) => all.find(({ name }) => name === `Live ${n}`)?.id
    await tenant.request('PATCH', `/entities/${id(3)}`, { body: other })
    await tenant.request('DELETE', `/entities/${id(4)}`)
    await tenant.request('PATCH', `/entities/${id(5)}`, {
      body: { location: null, name: 'Renamed' },
    })
    const inCa = 'type=live&properties.state=CA'
    expect(await names(`${inCa}&sort=-properties.size&limit=2`)).toEqual(['Live 3', 'Live 29'])
    expect(await names(`${inCa}&properties.size[lt]=6&sort=properties.size`)).toEqual([
      ...['Live 0', 'Live 1', 'Live 2', 'Renamed'],
    ])
    expect(await names('type=live&search=renamed')).toEqual(['Renamed'])
    expect(await names('type=live&search=changed')).toEqual(['Live 3'])
    expect(await names('type=live&search="live 4"')).toEqual([])
    expect(await names('type=live&near=60,60&radius_m=1000')).toEqual(['Live 3'])
    expect(await names('type=live&near=5,5&radius_m=200000')).toEqual(['Live 6'])
    expect(await names('type=live&properties.note[contains]=hang')).toEqual(['Live 3'])
  })

  it.each(['sort=properties.size', 'sort=-properties.size', 'search=moving', 'near=0,0'])(
    'pages by %s neither repeat nor skip what was there while others come and go',
    async (by) => {
      const type = `moving${by.replace(/\W/g, '_')}`
      await declare(type, ALL)
      const body = (n: number) => ({
        name: 'moving',
        location: { lat: n, lon: 0 },
        properties: { size: n },
      })
      await write(type, range(12).map(body))
      const before = (await list(`type=${type}&limit=100`)).body.items.map(({ id }) => id)
      const seen: string[] = []
      let cursor: string | null = ''
      for (let page = 0; cursor !== null; page += 1) {
        const at: string = cursor && `&cursor=${cursor}`
        const answer: { body: Page<Entity> } = await list(`type=${type}&${by}&limit=3${at}`)
        seen.push(...answer.body.items.map(({ id }) => id))
        cursor = answer.body.next
        if (page < 3) await write(type, [body(-page - 1), body(20 + page)])
        if (page === 0) await tenant.request('DELETE', `/entities/${seen.at(-1)}`)
      }
      expect(new Set(seen).size).toBe(seen.length)
      expect(before.filter((id) => !seen.includes(id))).toEqual([])
    },
  )

  it('is not believed in any more when the types have changed elsewhere', async () => {
    const own = await newTenant()
    await declare('gone', ALL, own)
    const record = { name: 'here', location: { lat: 1, lon: 1 }, properties: { size: 1 } }
    await write('gone', [record], own)
    const sorted = '/entities?type=gone&sort=properties.size'
    const count = async () => (await own.request<Page<Entity>>('GET', sorted)).body.items.length
    expect(await count()).toBe(1)
    // As another isolate's request and its background leave it.
    await ownerSql('shard', own.id, `update types set indexes = '[]' where tenant_id = $1`, [
      own.id,
    ])
    await ownerSql('shard', own.id, 'update graphs set schema_seq = seq where tenant_id = $1', [
      own.id,
    ])
    for (const table of ['index_entries', 'fulltext_entries', 'geo_entries']) {
      await ownerSql('shard', own.id, `delete from ${table} where tenant_id = $1`, [own.id])
    }
    const search = await own.request('GET', '/entities?type=gone&search=here')
    expect([search.status, fieldsOf(search.body)]).toEqual([422, ['search']])
    expect(await count()).toBe(1)
  })

  it('finds nothing of another tenant, another graph or another type', async () => {
    const others = await newTenant()
    await declare('mine', ALL)
    await declare('mine', ALL, others)
    await declare('yours', ALL)
    const record = { name: 'secret', location: { lat: 1, lon: 1 }, properties: { note: 'secret' } }
    await write('mine', [record], others)
    await write('yours', [record])
    for (const query of ['search=secret', 'near=1,1', 'properties.note[contains]=secret']) {
      expect(await names(`type=mine&${query}`)).toEqual([])
      expect(await names(`type=yours&${query}`)).toEqual(['secret'])
    }
  })
})

describe('relationships', () => {
  it('are found by words and in order by the indexes of their type, too', async () => {
    const indexes = [
      { name: 'by_size', method: 'composite', fields: ['properties.size'] },
      { name: 'words', method: 'fulltext', fields: ['properties.note'] },
    ]
    const commands = [
      { action: 'create_entity', type: 'end', external_id: 'end' },
      ...range(9).map((size) => ({
        ...{
          action: 'create_relationship',
          type: 'link',
          properties: { size, note: `note ${size}` },
        },
        ...{ from_external_id: 'end', to_external_id: 'end' },
      })),
    ]
    await tenant.request('POST', '/batch', { body: { commands } })
    const path = '/types/relationship/link'
    const { status } = await tenant.request('PUT', path, { body: { json_schema: {}, indexes } })
    expect(status).toBe(201)
    const sizes = async (query: string) => {
      const answer = await tenant.request<Page<Entity>>('GET', `/relationships?type=link&${query}`)
      return answer.body.items.map(({ properties }) => properties.size)
    }
    expect(await sizes('sort=-properties.size&limit=3')).toEqual([8, 7, 6])
    expect(await sizes('search=note -"note 3"&sort=properties.size&limit=4')).toEqual([0, 1, 2, 4])
  })
})

describe('a parameter of a search is refused', () => {
  it.each([
    ['search=x', ['search']],
    ['type=none&search=x', ['search']],
    ['type=none&search=', ['search']],
    ['type=none&near=1,1', ['near']],
    ['near=1,1', ['near']],
    ['type=none&near=91,1', ['near']],
    ['type=none&near=1', ['near']],
    ['type=none&near=1,1,1', ['near']],
    ['type=none&near=a,b', ['near']],
    ['type=none&near=1,1&radius_m=-1', ['radius_m']],
    ['type=none&radius_m=1', ['radius_m']],
    ['name[contains]=', ['name[contains]']],
    ['properties.[contains]=x', ['properties.[contains]']],
    ['external_id[contains]=x', ['external_id[contains]']],
  ])('%s', async (query, fields) => {
    const { status, body } = await tenant.request('GET', `/entities?${query}`)
    expect([status, fieldsOf(body)]).toEqual([422, fields])
  })

  it('names the index that is missing', async () => {
    const { text } = await tenant.request('GET', '/entities?type=none&search=x&sort=name')
    expect(text).toContain('needs a fulltext index on the type')
    const { body } = await tenant.request('GET', '/relationships?type=none&near=1,1')
    expect(fieldsOf(body)).toContain('near')
  })
})

describe('a part of a text', () => {
  it('is found without an index as well, as it is written, in a name whatever its case', async () => {
    const notes = ['100% Sand', 'sand_box', 'a\\b', 5, ['sand'], null]
    await write(
      'part',
      notes.map((note, i) => ({ name: `É${i} Straße`, properties: { note } })),
    )
    const found = (query: string) => names(`type=part&sort=version&${query}`)
    const check = async () => {
      expect(await found('properties.note[contains]=sand')).toEqual(['É1 Straße'])
      expect(await found('properties.note[contains]=% Sand')).toEqual(['É0 Straße'])
      expect(await found('properties.note[contains]=d_b')).toEqual(['É1 Straße'])
      expect(await found('properties.note[contains]=5')).toEqual([])
      expect(await found(`properties.note[contains]=${encodeURIComponent('a\\b')}`)).toEqual([
        'É2 Straße',
      ])
      expect(await found('name[contains]=é3 STRA')).toEqual(['É3 Straße'])
    }
    await check()
    await declare('part', [
      { name: 'notes', method: 'text', fields: ['properties.note'] },
      { name: 'names', method: 'text', fields: ['name'] },
    ])
    await check()
  })
})
