import { beforeAll, describe, expect, it } from 'vitest'
import { type Entity, fieldsOf, newTenant, type Tenant } from '../../harness/api.ts'
import { etagOf } from '../../harness/etags.ts'
import { range } from '../../harness/sequences.ts'

let tenant: Tenant
/** The ETag of a version of the tenant's graph. */
let tagOf: (version: number) => string

beforeAll(async () => {
  tenant = await newTenant()
  const answer = await tenant.request('GET', '/entities')
  tagOf = (version) => etagOf(version, answer)
})

async function create(body: object): Promise<Entity> {
  const answer = await tenant.request<Entity>('POST', '/entities', { body })
  expect(answer.status, answer.text).toBe(201)
  return answer.body
}

const read = (id: string, headers: Record<string, string> = {}) =>
  tenant.request<Entity>('GET', `/entities/${id}`, { headers })

describe('If-Match', () => {
  it.each(['PATCH', 'DELETE'])('stops a %s of a version that is not the last', async (method) => {
    const seen = await create({ type: 'thing', properties: { n: 1 } })
    const path = `/entities/${seen.id}`
    const now = await tenant.request<Entity>('PATCH', path, { body: { properties: { n: 2 } } })
    const options = method === 'PATCH' ? { body: { properties: { n: 3 } } } : {}
    for (const tag of [tagOf(seen.version), `W/${tagOf(seen.version)}`, tagOf(999_999)]) {
      const headers = { 'if-match': tag }
      const answer = await tenant.request(method, path, { ...options, headers })
      expect([answer.status, answer.body.code]).toEqual([412, 'version_mismatch'])
      expect(answer.body.detail).toContain(`version ${now.body.version} now`)
    }
    expect((await read(seen.id)).body).toEqual(now.body)
  })

  it.each([
    (version: number) => tagOf(version),
    (version: number) => `W/${tagOf(version)}`,
    () => '*',
  ])('lets the version through that it names (%#)', async (named) => {
    const { id, version } = await create({ type: 'thing' })
    const patched = await tenant.request<Entity>('PATCH', `/entities/${id}`, {
      body: { name: 'Changed' },
      headers: { 'if-match': named(version) },
    })
    expect(patched.status).toBe(200)
    const headers = { 'if-match': named(patched.body.version) }
    expect((await tenant.request('DELETE', `/entities/${id}`, { headers })).status).toBe(204)
  })

  it.each(['"x"', '""', '"1"', '"1-0000000"'])(
    '%s is a version that no record has',
    async (tag) => {
      const { id } = await create({ type: 'thing' })
      const answer = await tenant.request('DELETE', `/entities/${id}`, {
        headers: { 'if-match': tag },
      })
      expect(answer.status).toBe(412)
    },
  )

  it.each(['17', '"1", "2"'])('is refused by name when it is %s', async (tag) => {
    const { id } = await create({ type: 'thing' })
    const headers = { 'if-match': tag }
    const answer = await tenant.request('DELETE', `/entities/${id}`, { headers })
    expect([answer.status, fieldsOf(answer.body)]).toEqual([422, ['If-Match']])
  })

  it('lets exactly one of many writers through that saw the same version', async () => {
    const { id, version } = await create({ type: 'thing' })
    const answers = await Promise.all(
      range(10).map((n) =>
        tenant.request('PATCH', `/entities/${id}`, {
          body: { properties: { winner: n } },
          headers: { 'if-match': tagOf(version) },
        }),
      ),
    )
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([200, ...range(9).map(() => 412)])
  })

  it('is not needed: patches without it all count, in some order', async () => {
    const { id } = await create({ type: 'thing' })
    const patches = range(10).map((n) =>
      tenant.request('PATCH', `/entities/${id}`, { body: { properties: { [`p${n}`]: n } } }),
    )
    for (const { status } of await Promise.all(patches)) expect(status).toBe(200)
    expect(Object.keys((await read(id)).body.properties)).toHaveLength(10)
  })
})

describe('If-None-Match', () => {
  it('saves the body while the version is the same', async () => {
    const { id, version } = await create({ type: 'thing' })
    for (const tag of [tagOf(version), `W/${tagOf(version)}`, `"1x", ${tagOf(version)}`, '*']) {
      const answer = await read(id, { 'if-none-match': tag })
      expect([answer.status, answer.text]).toEqual([304, ''])
      expect(answer.headers.get('etag')).toBe(tagOf(version))
      expect(answer.headers.get('cache-control')).toBe('private, no-cache')
    }
    await tenant.request('PATCH', `/entities/${id}`, { body: { name: 'Changed' } })
    const answer = await read(id, { 'if-none-match': tagOf(version) })
    expect([answer.status, answer.body.name]).toEqual([200, 'Changed'])
  })

  it('works for the past and for HEAD, and says nothing of a PATCH', async () => {
    const { id, version } = await create({ type: 'thing' })
    const headers = { 'if-none-match': tagOf(version) }
    await tenant.request('PATCH', `/entities/${id}`, { body: { name: 'Changed' } })
    const path = `/entities/${id}?as_of=${version}`
    expect((await tenant.request('GET', path, { headers })).status).toBe(304)
    expect((await tenant.request('HEAD', path, { headers })).status).toBe(304)
    const patched = await tenant.request<Entity>('PATCH', `/entities/${id}`, {
      body: { name: 'Again' },
      headers: { 'if-none-match': '*' },
    })
    expect([patched.status, patched.body.name]).toEqual([200, 'Again'])
  })

  it('of a relationship is its version, too', async () => {
    const { id } = await create({ type: 'thing' })
    const made = await tenant.request<Entity>('POST', '/relationships', {
      body: { type: 'tie', from_id: id, to_id: id },
    })
    const path = `/relationships/${made.body.id}`
    const headers = { 'if-none-match': made.headers.get('etag') ?? '' }
    expect((await tenant.request('GET', path, { headers })).status).toBe(304)
  })
})
