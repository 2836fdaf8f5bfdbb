import { beforeAll, describe, expect, it } from 'vitest'
import {
  type Changes,
  type Entity,
  fieldsOf,
  newTenant,
  type Relationship,
  type Tenant,
} from '../../harness/api.ts'
import { etagOf } from '../../harness/etags.ts'

let tenant: Tenant

beforeAll(async () => {
  tenant = await newTenant()
})

async function create(body: object): Promise<Entity> {
  const answer = await tenant.request<Entity>('POST', '/entities', { body })
  expect(answer.status, answer.text).toBe(201)
  return answer.body
}

async function read(id: string): Promise<Entity> {
  return (await tenant.request<Entity>('GET', `/entities/${id}`)).body
}

describe('creating an entity', () => {
  it('answers with it, its address, its version as an ETag and a bookmark', async () => {
    const sent = {
      type: 'airport',
      external_id: 'ATL',
      name: 'Hartsfield-Jackson',
      location: { lat: 33.64, lon: -84.43 },
      properties: { city: 'Atlanta', runways: 5 },
    }
    const { status, headers, body } = await tenant.request<Entity>('POST', '/entities', {
      body: sent,
    })
    expect(status).toBe(201)
    expect(body).toMatchObject(sent)
    expect(body.created_at).toBe(body.updated_at)
    expect(headers.get('etag')).toBe(etagOf(body.version, { headers }))
    expect(headers.get('location')).toBe(`/api/v1/graphs/default/entities/${body.id}`)
    expect(headers.get('tendril-bookmark')).toMatch(/^b1\./)
    expect(await read(body.id)).toEqual(body)
  })

  it('needs a type only', async () => {
    const made = await create({ type: 'thing' })
    expect(made).toMatchObject({ external_id: null, name: null, location: null, properties: {} })
  })

  it('takes an id chosen by the caller, in either case', async () => {
    const id = crypto.randomUUID()
    expect((await create({ id: id.toUpperCase(), type: 'thing' })).id).toBe(id)
    expect((await read(id.toUpperCase())).id).toBe(id)
  })

  it.each([
    ['id', 'id_taken', (taken: Entity) => ({ id: taken.id })],
    ['external id', 'external_id_taken', (taken: Entity) => ({ external_id: taken.external_id })],
  ])('answers 409 to an %s that is taken', async (_what, code, same) => {
    const taken = await create({ type: 'thing', external_id: crypto.randomUUID() })
    const body = { type: 'thing', ...same(taken) }
    const answer = await tenant.request('POST', '/entities', { body })
    expect([answer.status, answer.body.code]).toEqual([409, code])
  })

  it('names every bad and every unknown field at once, by JSON pointer', async () => {
    const body = {
      id: 'x',
      type: '1st',
      external_id: '',
      name: 'n'.repeat(501),
      location: { lat: 91, lon: 'east', alt: 1 },
      properties: [],
      nmae: 'misspelt',
      'a/b~c': 1,
    }
    const answer = await tenant.request('POST', '/entities', { body })
    expect([answer.status, answer.body.code]).toEqual([422, 'invalid'])
    expect(fieldsOf(answer.body)).toEqual(
      [
        ...['/id', '/type', '/external_id', '/name', '/properties', '/nmae', '/a~1b~0c'],
        ...['/location/lat', '/location/lon', '/location/alt'],
      ].sort(),
    )
  })

  it.each([{ lat: 1 }, { lon: 1 }, {}, { lat: null, lon: null }])(
    'refuses half a location: %j',
    async (location) => {
      const { status } = await tenant.request('POST', '/entities', {
        body: { type: 'thing', location },
      })
      expect(status).toBe(422)
    },
  )
})

describe('changing an entity', () => {
  it('merges properties as RFC 7396 says and leaves the rest alone', async () => {
    const before = await create({
      type: 'thing',
      name: 'Before',
      location: { lat: 1, lon: 2 },
      properties: { keep: 1, drop: 2, nest: { keep: 1, drop: 2, list: [1, 2] } },
    })
    const properties = { drop: null, add: 'new', nest: { drop: null, list: [3] } }
    const { status, headers, body } = await tenant.request<Entity>(
      'PATCH',
      `/entities/${before.id}`,
      { body: { properties } },
    )
    expect(status).toBe(200)
    expect(body).toEqual({
      ...before,
      properties: { keep: 1, add: 'new', nest: { keep: 1, list: [3] } },
      version: before.version + 1,
      updated_at: body.updated_at,
    })
    expect(headers.get('etag')).toBe(etagOf(body.version, { headers }))
    expect(await read(before.id)).toEqual(body)
  })

  it('removes name and location by null, and nothing that is absent', async () => {
    const { id } = await create({ type: 'thing', name: 'Named', location: { lat: 1, lon: 2 } })
    const path = `/entities/${id}`
    const one = await tenant.request<Entity>('PATCH', path, { body: { name: null } })
    expect(one.body).toMatchObject({ name: null, location: { lat: 1, lon: 2 } })
    const two = await tenant.request<Entity>('PATCH', path, { body: { location: null } })
    expect(two.body).toMatchObject({ name: null, location: null })
  })

  it('is no event when it changes nothing', async () => {
    const before = await create({ type: 'thing', properties: { a: 1 } })
    for (const body of [{}, { properties: {} }, { properties: { a: 1, gone: null } }]) {
      const answer = await tenant.request<Entity>('PATCH', `/entities/${before.id}`, { body })
      expect([answer.status, answer.body]).toEqual([200, before])
    }
    const { body } = await tenant.request<Changes>('GET', `/changes?after=${before.version}`)
    expect(body.items).toEqual([])
  })

  it('cannot change what never changes', async () => {
    const { id } = await create({ type: 'thing' })
    const body = { type: 'other', id: crypto.randomUUID(), external_id: 'x', version: 1 }
    const answer = await tenant.request('PATCH', `/entities/${id}`, { body })
    expect(answer.status).toBe(422)
    expect(fieldsOf(answer.body)).toEqual(['/external_id', '/id', '/type', '/version'])
  })

  it('answers 404 where there is none', async () => {
    const path = `/entities/${crypto.randomUUID()}`
    const body = { name: 'x' }
    expect((await tenant.request('PATCH', path, { body })).status).toBe(404)
    const headers = { 'if-match': '"1"' }
    expect((await tenant.request('PATCH', path, { body, headers })).status).toBe(404)
    expect((await tenant.request('DELETE', path)).status).toBe(404)
    expect((await tenant.request('GET', path)).status).toBe(404)
  })
})

describe('deleting an entity', () => {
  it('takes its relationships along, each as an event of its own', async () => {
    const hub = await create({ type: 'hub' })
    const leaf = await create({ type: 'leaf' })
    const ties = await Promise.all(
      [
        [hub, leaf],
        [leaf, hub],
        [hub, hub],
        [leaf, leaf],
      ].map(async ([from, to]) => {
        const body = { type: 'tie', from_id: from?.id, to_id: to?.id }
        return (await tenant.request<Relationship>('POST', '/relationships', { body })).body
      }),
    )
    const { body: log } = await tenant.request<Changes>('GET', '/changes?limit=1')
    const deleted = await tenant.request<string>('DELETE', `/entities/${hub.id}`)
    expect([deleted.status, deleted.text]).toEqual([204, ''])
    expect(deleted.headers.get('tendril-bookmark')).toMatch(/^b1\./)

    const { body } = await tenant.request<Changes>('GET', `/changes?after=${log.head}`)
    expect(body.items.map(({ kind, id }) => [kind, id])).toEqual([
      ...ties
        .slice(0, 3)
        .map(({ id }) => ['relationship.deleted', id])
        .sort((a, b) => String(a[1]).localeCompare(String(b[1]))),
      ['entity.deleted', hub.id],
    ])
    const statuses = await Promise.all(
      ties.map(async ({ id }) => (await tenant.request('GET', `/relationships/${id}`)).status),
    )
    expect(statuses).toEqual([404, 404, 404, 200])
  })

  it('frees its id and external id', async () => {
    const first = await create({ type: 'thing', external_id: 'reborn' })
    await tenant.request('DELETE', `/entities/${first.id}`)
    const second = await create({ id: first.id, type: 'other', external_id: 'reborn' })
    expect(second).toMatchObject({ id: first.id, type: 'other' })
    expect(second.version).toBeGreaterThan(first.version)
  })
})
