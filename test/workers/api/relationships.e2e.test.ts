import { beforeAll, describe, expect, it } from 'vitest'
import {
  type Changes,
  type Entity,
  fieldsOf,
  newTenant,
  type Page,
  type Relationship,
  type Tenant,
} from '../../harness/api.ts'
import { etagOf } from '../../harness/etags.ts'
import { allPages } from '../../harness/sequences.ts'

let tenant: Tenant
let a: Entity
let b: Entity

beforeAll(async () => {
  tenant = await newTenant()
  const create = async (external_id: string) =>
    (await tenant.request<Entity>('POST', '/entities', { body: { type: 'end', external_id } })).body
  a = await create('a')
  b = await create('b')
})

const post = <Body = Relationship>(body: object) =>
  tenant.request<Body>('POST', '/relationships', { body })

async function tie(extra: object = {}): Promise<Relationship> {
  const { status, body, text } = await post({ type: 'ties', from_id: a.id, to_id: b.id, ...extra })
  expect(status, text).toBe(201)
  return body
}

describe('creating a relationship', () => {
  it('answers with it, its address and its version', async () => {
    const sent = { type: 'ties', external_id: 'a-b', properties: { weight: 1 } }
    const { status, headers, body } = await post({ ...sent, from_id: a.id, to_external_id: 'b' })
    expect(status).toBe(201)
    expect(body).toMatchObject({ ...sent, from_id: a.id, to_id: b.id })
    expect(headers.get('etag')).toBe(etagOf(body.version, { headers }))
    expect(headers.get('location')).toBe(`/api/v1/graphs/default/relationships/${body.id}`)
    const read = await tenant.request('GET', `/relationships/${body.id}`)
    expect(read.body).toEqual(body)
  })

  it('may be parallel to others, and lead back to where it started', async () => {
    const [one, two] = [await tie(), await tie()]
    expect(one.id).not.toBe(two.id)
    const loop = await tie({ to_id: a.id })
    expect(loop.from_id).toBe(loop.to_id)
  })

  it.each([
    ['from_not_found', { from_id: crypto.randomUUID(), to_external_id: 'b' }],
    ['from_not_found', { from_external_id: 'nobody', to_external_id: 'nobody' }],
    ['to_not_found', { from_external_id: 'a', to_id: crypto.randomUUID() }],
    ['to_not_found', { from_external_id: 'a', to_external_id: 'B' }],
  ])('answers 409 %s where an end does not exist', async (code, ends) => {
    const { status, body } = await post<{ code: string }>({ type: 'ties', ...ends })
    expect([status, body.code]).toEqual([409, code])
  })

  it('answers 409 where an id or external id is taken', async () => {
    const taken = await tie({ external_id: 'taken' })
    const again = { type: 'ties', from_id: a.id, to_id: b.id }
    const byId = await post<{ code: string }>({ ...again, id: taken.id })
    expect([byId.status, byId.body.code]).toEqual([409, 'id_taken'])
    const byExternalId = await post<{ code: string }>({ ...again, external_id: 'taken' })
    expect([byExternalId.status, byExternalId.body.code]).toEqual([409, 'external_id_taken'])
    // Entities have external ids of their own.
    expect((await tie({ external_id: 'a' })).external_id).toBe('a')
  })

  it.each([
    [{}, ['/from_id', '/to_id', '/type']],
    [{ type: '-', wieght: 1 }, ['/from_id', '/to_id', '/type', '/wieght']],
    [{ type: 'ties', from_id: 'x', to_id: 'y' }, ['/from_id', '/to_id']],
    [
      { type: 'ties', from_id: crypto.randomUUID(), from_external_id: 'a', to_external_id: '' },
      ['/from_id', '/to_external_id'],
    ],
    [{ name: 'x', location: null }, ['/from_id', '/location', '/name', '/to_id', '/type']],
  ])('lists every bad field of %j', async (body, fields) => {
    const answer = await tenant.request('POST', '/relationships', { body })
    expect([answer.status, fieldsOf(answer.body)]).toEqual([422, fields])
  })
})

describe('changing and deleting a relationship', () => {
  it('merges properties, under If-Match, and never its ends', async () => {
    const before = await tie({ properties: { keep: 1, drop: 2 } })
    const path = `/relationships/${before.id}`
    const read = await tenant.request('GET', path)
    const headers = { 'if-match': etagOf(before.version, read) }
    const body = { properties: { drop: null, add: 3 } }
    const changed = await tenant.request<Relationship>('PATCH', path, { body, headers })
    expect([changed.status, changed.body.properties]).toEqual([200, { keep: 1, add: 3 }])
    expect(changed.headers.get('etag')).toBe(etagOf(changed.body.version, changed))
    expect((await tenant.request('PATCH', path, { body, headers })).status).toBe(412)
    const ends = { from_id: b.id, to_id: a.id, type: 'x', name: 'x' }
    const refused = await tenant.request('PATCH', path, { body: ends })
    expect(refused.status).toBe(422)
    expect(fieldsOf(refused.body)).toEqual(['/from_id', '/name', '/to_id', '/type'])
  })

  it('leaves the entities at its ends alone', async () => {
    const { id, version } = await tie()
    const path = `/relationships/${id}`
    expect((await tenant.request('DELETE', path)).status).toBe(204)
    expect((await tenant.request('GET', path)).status).toBe(404)
    expect((await tenant.request('PATCH', path, { body: {} })).status).toBe(404)
    expect((await tenant.request('DELETE', path)).status).toBe(404)
    const { body } = await tenant.request<Changes>('GET', `/changes?after=${version}`)
    expect(body.items.map(({ kind }) => kind)).toEqual(['relationship.deleted'])
    expect((await tenant.request('GET', `/entities/${a.id}`)).body).toEqual(a)
  })
})

describe('reading relationships', () => {
  it('takes filters by type, ends, external id and properties, and pages', async () => {
    const made = []
    for (const n of [1, 2, 3]) made.push(await tie({ type: 'road', properties: { n } }))
    const back = await tie({ type: 'road', from_id: b.id, to_id: a.id, external_id: 'back' })
    const ids = async (query: string) =>
      (await allPages<Relationship>(tenant, `/relationships?limit=2&${query}`)).map(({ id }) => id)
    const [one, two, three] = made.map(({ id }) => id)
    expect(await ids('type=road')).toEqual([one, two, three, back.id])
    expect(await ids(`type=road&from_id=${a.id.toUpperCase()}`)).toEqual([one, two, three])
    expect(await ids(`type=road&to_id=${a.id}`)).toEqual([back.id])
    expect(await ids('external_id=back')).toEqual([back.id])
    expect(await ids('type=road&properties.n[gte]=2&sort=-properties.n')).toEqual([three, two])
    expect(await ids('type=road&sort=-version')).toEqual([back.id, three, two, one])
    const { status, body } = await tenant.request('GET', '/relationships?sort=name&name_prefix=x')
    expect([status, fieldsOf(body)]).toEqual([422, ['name_prefix', 'sort']])
  })

  it('many at once keeps the order asked for', async () => {
    const [one, two] = [await tie({ external_id: 'one' }), await tie()]
    const body = { ids: [two.id, crypto.randomUUID()], external_ids: ['nobody', 'one'] }
    const found = await tenant.request<Page<Relationship>>('POST', '/relationships/lookup', {
      body,
    })
    expect(found.body.items).toEqual([two, one])
  })
})
