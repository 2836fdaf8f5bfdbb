import { beforeAll, describe, expect, it } from 'vitest'
import {
  type Answer,
  type Changes,
  type Entity,
  fieldsOf,
  newTenant,
  type Problem,
  type Tenant,
} from '../../harness/api.ts'
import { etagOf } from '../../harness/etags.ts'
import { range } from '../../harness/sequences.ts'

type TypeView = {
  readonly version: number
  readonly json_schema: object
  readonly change: { readonly status: string; readonly json_schema: object } | null
  readonly indexes: readonly object[]
}
type Violated = Problem & {
  readonly examples: readonly { readonly id: string; readonly errors: readonly object[] }[]
}

let tenant: Tenant
let types = 0

const NARROW = { properties: { size: { type: 'integer' } }, required: ['size'] }
const WIDE = { properties: { size: { type: ['integer', 'string'] } } }

beforeAll(async () => {
  tenant = await newTenant()
})

const newName = () => {
  types += 1
  return `thing-${types}`
}

const create = (type: string, properties: object = {}, extra: object = {}) =>
  tenant.request<Entity>('POST', '/entities', { body: { type, properties, ...extra } })

function put<Body = TypeView>(
  name: string,
  json_schema: object,
  options: { headers?: Record<string, string>; indexes?: readonly object[] } = {},
): Promise<Answer<Body>> {
  const { headers = {}, ...rest } = options
  const body = { json_schema, ...rest }
  return tenant.request('PUT', `/types/entity/${name}`, { body, headers })
}

const get = (name: string) => tenant.request<TypeView>('GET', `/types/entity/${name}`)

async function eventsOf(name: string) {
  const { body } = await tenant.request<Changes>('GET', '/changes?limit=1000')
  return body.items.filter(({ type, kind }) => type === name && kind.startsWith('type.'))
}

const kindsOf = async (name: string) => (await eventsOf(name)).map(({ kind }) => kind.slice(5))

describe('a type whose records are there already', () => {
  it('is defined when all of them are as its schema wants', async () => {
    const name = newName()
    await create(name, { size: 1 })
    await create(name, { size: 2 })
    const body = { kind: 'entity', name, json_schema: NARROW }
    const made = await tenant.request<TypeView>('POST', '/types', { body })
    expect([made.status, made.body]).toMatchObject([201, { json_schema: NARROW, change: null }])
    expect((await create(name, { size: 'x' })).status).toBe(422)
    expect(await kindsOf(name)).toEqual(['changing', 'changed'])
    const again = await tenant.request('POST', '/types', { body })
    expect([again.status, again.body.code]).toEqual([409, 'type_exists'])
  })

  it('is refused with the first of those that are not, by id, and writes stay free', async () => {
    const name = newName()
    await create(name, { size: 1 })
    const made = await Promise.all(range(12).map((i) => create(name, { size: `${i}`, other: i })))
    const ids = made.map(({ body }) => body.id).sort()
    const body = { kind: 'entity', name, json_schema: NARROW }
    const refused = await tenant.request<Violated>('POST', '/types', { body })
    expect([refused.status, refused.body.code]).toEqual([409, 'type_violated'])
    expect(refused.body.examples.map(({ id }) => id)).toEqual(ids.slice(0, 10))
    expect(refused.body.examples[0]?.errors).toMatchObject([{ pointer: '/properties/size' }])
    const change = { status: 'refused', json_schema: NARROW, examples: refused.body.examples }
    expect((await get(name)).body).toMatchObject({ json_schema: {}, change })
    expect((await create(name, { size: [] })).status).toBe(201)
    expect(await kindsOf(name)).toEqual(['changing', 'change_refused'])
  })

  it('is refused with pointers as a write would be', async () => {
    const name = newName()
    await create(name, { 'größe/m': 'x' })
    const schema = { properties: { 'größe/m': { type: 'number' } } }
    const { body } = await put<Violated>(name, schema)
    expect(body.examples[0]?.errors).toMatchObject([{ pointer: '/properties/größe~1m' }])
  })

  it('may be a type of relationships', async () => {
    const { body: end } = await create('end')
    const ends = { type: 'tie', from_id: end.id, to_id: end.id }
    const tie = { ...ends, external_id: 'first', properties: { size: 'x' } }
    await tenant.request('POST', '/relationships', { body: tie })
    const path = '/types/relationship/tie'
    const body = { json_schema: NARROW }
    const refused = await tenant.request<Violated>('PUT', path, { body })
    expect([refused.status, refused.body.examples]).toMatchObject([409, [{ external_id: 'first' }]])
    expect((await put('tie', NARROW)).status).toBe(201)
  })
})

describe('changing a type', () => {
  it('to a wider schema is done at once', async () => {
    const name = newName()
    expect((await put(name, NARROW)).status).toBe(201)
    await create(name, { size: 1 })
    const { status, headers, body } = await put(name, WIDE)
    expect([status, body]).toMatchObject([200, { json_schema: WIDE, change: null }])
    expect(headers.get('etag')).toBe(etagOf(body.version, { headers }))
    expect((await create(name, { size: 'x' })).status).toBe(201)
    const [, changed] = await eventsOf(name)
    expect(changed).toMatchObject({
      kind: 'type.changed',
      before: { json_schema: NARROW },
      after: { json_schema: WIDE, version: body.version },
    })
  })

  it('to a narrower one checks the records, and binds writes', async () => {
    const name = newName()
    await put(name, WIDE)
    await create(name, { size: 1 })
    const { body: late } = await create(name, { size: 'x' })
    const refused = await put<Violated>(name, NARROW)
    expect([refused.status, refused.body.examples]).toMatchObject([409, [{ id: late.id }]])
    expect((await create(name, { size: 'y' }, { external_id: 'y' })).status).toBe(201)
    const patch = { properties: { size: 2 } }
    await tenant.request('PATCH', `/entities/${late.id}`, { body: patch })
    const found = await tenant.request<{ items: Entity[] }>('GET', '/entities?external_id=y')
    await tenant.request('DELETE', `/entities/${found.body.items[0]?.id}`)
    const { status, body } = await put(name, NARROW)
    expect([status, body]).toMatchObject([200, { json_schema: NARROW, change: null }])
    expect((await create(name, { size: 'x' })).status).toBe(422)
    const kinds = ['defined', 'changing', 'change_refused', 'changing', 'changed']
    expect(await kindsOf(name)).toEqual(kinds)
  })

  it('to what it is leaves no event, and forgets what was refused', async () => {
    const name = newName()
    const first = await put(name, WIDE)
    const same = await put(name, { ...WIDE })
    expect([first.status, same.status, same.body]).toEqual([201, 200, first.body])
    await create(name)
    await put(name, NARROW)
    const back = await put(name, WIDE)
    expect([back.status, back.body.change]).toEqual([200, null])
    expect(await kindsOf(name)).toEqual(['defined', 'changing', 'change_refused', 'changed'])
  })

  it('is done to the version that was seen, or not at all', async () => {
    const name = newName()
    const read = await tenant.request('GET', '/types')
    const ifMatch = (version: number) => ({ headers: { 'if-match': etagOf(version, read) } })
    expect((await put(name, WIDE, ifMatch(1))).status).toBe(412)
    const { version } = (await put(name, WIDE)).body
    expect((await put(name, {}, ifMatch(version - 1))).status).toBe(412)
    expect((await put(name, {}, ifMatch(version))).status).toBe(200)
    const path = `/types/entity/${name}`
    const stale = await tenant.request('DELETE', path, ifMatch(version))
    expect([stale.status, stale.body.code]).toEqual([412, 'version_mismatch'])
    expect((await get(name)).status).toBe(200)
  })

  it('says what is wrong with a schema, with pointers', async () => {
    const bad = await put<Problem>(newName(), { properties: { a: 1 } })
    expect([bad.status, fieldsOf(bad.body)]).toEqual([422, ['/json_schema/properties/a']])
  })

  it('is done once by many at the same time', async () => {
    const name = newName()
    await create(name, { size: 1 })
    const answers = await Promise.all(range(8).map(() => put(name, NARROW)))
    // Who finds the schema being checked goes on with that check, or finds it done.
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status !== 200 && status !== 202)).toEqual([201])
    expect(await kindsOf(name)).toEqual(['changing', 'changed'])
  })
})

describe('a type whose definition is removed', () => {
  it('keeps its records, which may have any properties again', async () => {
    const name = newName()
    await put(name, NARROW)
    const { body: record } = await create(name, { size: 1 })
    const remove = () => tenant.request<Problem>('DELETE', `/types/entity/${name}`)
    expect((await remove()).status).toBe(204)
    expect((await get(name)).status).toBe(404)
    expect((await tenant.request('GET', `/entities/${record.id}`)).status).toBe(200)
    expect((await create(name, { size: 'x' })).status).toBe(201)
    const again = await remove()
    expect([again.status, again.body.code]).toEqual([404, 'not_found'])
    const [, removed] = await eventsOf(name)
    expect(removed).toMatchObject({ before: { json_schema: NARROW }, after: null, id: null })
  })
})

describe('a repeat with the same Idempotency-Key', () => {
  const withKey = () => ({ headers: { 'idempotency-key': crypto.randomUUID() } })

  it('gets the first answer, whatever the type is by then', async () => {
    const name = newName()
    await create(name, { size: 1 })
    const options = withKey()
    const first = await put(name, NARROW, options)
    await put(name, WIDE)
    const again = await put(name, NARROW, options)
    expect([again.status, again.body]).toEqual([first.status, first.body])
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect((await get(name)).body.json_schema).toEqual(WIDE)
    const other = await put<Problem>(name, {}, options)
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_mismatch'])
    const path = `/types/entity/${name}`
    const removal = withKey()
    const statuses = [
      await tenant.request('DELETE', path, removal),
      await tenant.request('DELETE', path, removal),
      await put(name, NARROW, options),
    ].map(({ status }) => status)
    expect(statuses).toEqual([204, 204, first.status])
    expect((await get(name)).status).toBe(404)
  })

  it('is refused as the first was, with the same examples', async () => {
    const name = newName()
    const { body: record } = await create(name)
    const options = withKey()
    const first = await put<Violated>(name, NARROW, options)
    await tenant.request('DELETE', `/entities/${record.id}`)
    const again = await put<Violated>(name, NARROW, options)
    expect([first.status, again.status]).toEqual([409, 409])
    expect(again.body.examples).toEqual(first.body.examples)
    expect((await put(name, NARROW, withKey())).status).toBe(200)
  })
})

describe('the indexes of a type', () => {
  const byName = { name: 'by_name', method: 'composite', fields: ['name', 'properties.size'] }
  const where = { name: 'somewhere', method: 'geo', fields: [] }

  it('are declared with it, and ready when all records are in them', async () => {
    const name = newName()
    await create(name, { size: 1 }, { name: 'One' })
    const { body } = await put(
      name,
      { title: name },
      {
        indexes: [byName, { name: where.name, method: 'geo' }],
      },
    )
    expect(body.indexes).toMatchObject([byName, where])
    const ready = [byName, where].map((index) => ({ ...index, status: 'ready' }))
    expect((await get(name)).body.indexes).toEqual(ready)
    expect((await put(name, {})).body.indexes).toEqual(ready)
    expect(await kindsOf(name)).toEqual(['defined', 'indexed', 'indexed', 'changed'])
    expect((await put(name, {}, { indexes: [] })).body.indexes).toEqual([])
  })

  it.each([
    [{ ...byName, name: 'By name' }, '/indexes/0/name'],
    [{ ...byName, method: 'btree' }, '/indexes/0/method'],
    [{ ...byName, fields: ['city'] }, '/indexes/0/fields/0'],
    [{ ...byName, unique: true }, '/indexes/0/unique'],
    [{ ...where, fields: ['name'] }, '/indexes/0/fields'],
  ])('are refused: %j', async (index, pointer) => {
    const { status, body } = await put<Problem>(newName(), {}, { indexes: [index] })
    expect([status, fieldsOf(body)]).toEqual([422, [pointer]])
  })
})
