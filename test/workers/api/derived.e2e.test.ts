import { beforeAll, describe, expect, it } from 'vitest'
import { type Entity, fieldsOf, newTenant, type Tenant } from '../../harness/api.ts'
import { withFaults } from '../../harness/faults.ts'
import { PATIENCE } from '../../harness/patience.ts'

type Derived = { readonly key: string; readonly value: unknown; readonly expires_at: string }

let tenant: Tenant
let watched: string
let other: string

beforeAll(async () => {
  tenant = await newTenant()
  watched = await create('thing')
  other = await create('other')
})

async function create(type: string): Promise<string> {
  return (await tenant.request<Entity>('POST', '/entities', { body: { type } })).body.id
}

/** A bookmark of the graph as it is. */
async function bookmark(): Promise<string> {
  const headers = { 'tendril-consistency': 'strong' }
  const answer = await tenant.request('GET', `/entities/${watched}`, { headers })
  return answer.headers.get('tendril-bookmark') ?? ''
}

function put(path: string, body: object, at: string) {
  const headers: Record<string, string> = at === '' ? {} : { 'tendril-bookmark': at }
  return tenant.request('PUT', path, { body, headers })
}

const get = (path: string) =>
  tenant.request<Derived>('GET', path, { headers: { 'tendril-consistency': 'strong' } })

const newPath = () => `/derived/investigation:${crypto.randomUUID()}`

const relate = (from: string, to: string) =>
  tenant.request('POST', '/relationships', { body: { type: 'knows', from_id: from, to_id: to } })

const rename = (id: string) =>
  tenant.request('PATCH', `/entities/${id}`, { body: { name: crypto.randomUUID() } })

describe('a derived value', () => {
  it('is answered, from the cache alone, as it was put', async () => {
    const path = newPath()
    const value = { score: 0.5, path: ['a', null, { b: [] }] }
    const body = { value, depends_on: { entities: [watched] } }
    expect((await put(path, body, await bookmark())).status).toBe(204)
    await withFaults({ cutBefore: 1 }, async () => {
      const { status, body: found, headers } = await get(path)
      expect([status, found.value]).toEqual([200, value])
      expect(found.key).toBe(path.slice('/derived/'.length))
      expect(Date.parse(found.expires_at)).toBeGreaterThan(Date.now())
      expect(headers.get('cache-status')).toBe('tendril-memory; hit')
      expect(headers.get('tendril-bookmark')).not.toBeNull()
    })
  })

  it.each<[string, () => object, () => Promise<unknown>, () => Promise<unknown>]>([
    ['an entity', () => ({ entities: [watched] }), () => rename(other), () => rename(watched)],
    [
      'neighbours',
      () => ({ neighbors_of: [watched] }),
      () => rename(watched),
      () => relate(watched, other),
    ],
    ['a type', () => ({ types: ['thing'] }), () => create('other'), () => create('thing')],
    ['the graph', () => ({ graph: true }), () => get('/entities'), () => create('any')],
  ])(
    'that depends on %s is there until that changes',
    async (_what, depends_on, unrelated, change) => {
      const path = newPath()
      await put(path, { value: 1, depends_on: depends_on() }, await bookmark())
      await unrelated()
      expect((await get(path)).status).toBe(200)
      await change()
      const gone = await get(path)
      expect(gone.status).toBe(404)
      expect(gone.headers.get('cache-status')).toBe('tendril-memory; fwd=miss')
      await put(path, { value: 2, depends_on: depends_on() }, await bookmark())
      expect((await get(path)).body.value).toBe(2)
    },
  )

  it('that was derived from what has changed since is refused', async () => {
    const path = newPath()
    const before = await bookmark()
    const body = { value: 1, depends_on: { entities: [watched] } }
    await rename(watched)
    const late = await put(path, body, before)
    expect([late.status, late.body.code]).toEqual([409, 'conflict'])
    expect((await get(path)).status).toBe(404)
    expect((await put(path, body, await bookmark())).status).toBe(204)
  })

  it('needs to say what it was derived from', async () => {
    const body = { value: 1, depends_on: { entities: [watched] } }
    const unsaid = await put(newPath(), body, '')
    expect([unsaid.status, unsaid.body.code]).toEqual([400, 'malformed_request'])
    const [graph = '', ...rest] = (await bookmark()).split('.').toReversed()
    const ahead = [...rest.toReversed(), `${graph}zzz`].join('.')
    expect((await put(newPath(), body, ahead)).status).toBe(400)
  })

  it('that is deleted is forgotten, and can be put again', async () => {
    const path = newPath()
    const body = { value: 1, depends_on: { types: ['never'] } }
    const at = await bookmark()
    await put(path, body, at)
    expect((await tenant.request('DELETE', path)).status).toBe(204)
    expect((await get(path)).status).toBe(404)
    expect((await put(path, body, at)).status).toBe(409)
    expect((await put(path, body, await bookmark())).status).toBe(204)
    expect((await get(path)).status).toBe(200)
  })

  it('is another in each graph and tenant', async () => {
    const path = newPath()
    await put(path, { value: 1, depends_on: { types: ['never'] } }, await bookmark())
    await tenant.request('POST', '/graphs', { body: { name: 'second' } })
    expect((await tenant.request('GET', `/graphs/second${path}`)).status).toBe(404)
    const stranger = await newTenant()
    expect((await stranger.request('GET', path)).status).toBe(404)
  })

  it('that is over its time is gone', async () => {
    const path = newPath()
    const body = { value: 1, depends_on: { types: ['never'] }, ttl_seconds: 1 }
    await put(path, body, await bookmark())
    await expect.poll(async () => (await get(path)).status, PATIENCE).toBe(404)
  })

  it.each<[string, object, string]>([
    ['nothing it depends on', { value: 1, depends_on: {} }, '/depends_on'],
    [
      'too much',
      { value: 1, depends_on: { types: Array.from({ length: 64 }, (_, i) => `t${i}`) } },
      '/depends_on',
    ],
    ['no value', { depends_on: { graph: true } }, '/value'],
    ['an id that is none', { value: 1, depends_on: { entities: ['x'] } }, '/depends_on/entities/0'],
    ['no time', { value: 1, depends_on: { graph: true }, ttl_seconds: 0 }, '/ttl_seconds'],
    ['another field', { value: 1, depends_on: { graph: true }, ttl: 9 }, '/ttl'],
  ])('with %s is refused', async (_what, body, field) => {
    const { status, body: problem } = await put(newPath(), body, await bookmark())
    expect([status, fieldsOf(problem)]).toEqual([422, [field]])
  })

  it('that is too large, or has a strange key, is refused', async () => {
    const body = { value: 'x'.repeat(262_144), depends_on: { graph: true } }
    expect((await put(newPath(), body, await bookmark())).status).toBe(413)
    const strange = await put(
      `/derived/${'x'.repeat(201)}`,
      { ...body, value: 1 },
      await bookmark(),
    )
    expect([strange.status, fieldsOf(strange.body)]).toEqual([422, ['key']])
  })
})
