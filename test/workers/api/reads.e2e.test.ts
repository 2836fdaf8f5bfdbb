import { beforeAll, describe, expect, it } from 'vitest'
import { type Entity, fieldsOf, newTenant, type Page, type Tenant } from '../../harness/api.ts'
import { etagOf } from '../../harness/etags.ts'
import { range } from '../../harness/sequences.ts'

let tenant: Tenant

beforeAll(async () => {
  tenant = await newTenant()
})

async function create(body: object): Promise<Entity> {
  const answer = await tenant.request<Entity>('POST', '/entities', { body })
  expect(answer.status, answer.text).toBe(201)
  return answer.body
}

describe('as_of', () => {
  it('shows the entity as it was at every seq', async () => {
    const made = await create({ type: 'thing', name: 'One', external_id: 'timeline' })
    const path = `/entities/${made.id}`
    const patch = async (body: object) =>
      (await tenant.request<Entity>('PATCH', path, { body })).body
    const named = await patch({ name: 'Two', location: { lat: 1, lon: 2 } })
    await create({ type: 'thing' })
    const other = await patch({ properties: { a: [1, { b: null }] } })
    await tenant.request('DELETE', path)
    const again = await create({ id: made.id, type: 'thing', name: 'Again' })

    const at = async (seq: number) => tenant.request<Entity>('GET', `${path}?as_of=${seq}`)
    const v = made.version
    const expected = [null, made, named, named, other, null, again]
    for (const [i, entity] of expected.entries()) {
      const answer = await at(v - 1 + i)
      const { status, headers, body } = answer
      expect(status, `seq ${v - 1 + i}`).toBe(entity ? 200 : 404)
      if (!entity) continue
      expect(body).toEqual(entity)
      expect(headers.get('etag')).toBe(etagOf(entity.version, answer))
    }
    expect((await at(0)).status).toBe(404)
    const future = await tenant.request('GET', `${path}?as_of=${again.version + 1}`)
    expect([future.status, future.body.code]).toEqual([400, 'malformed_request'])
    expect(future.body.detail).toContain(`seq ${again.version}`)
  })

  it.each(['x', '-1', '1.5', '', '99999999999999999999'])('refuses %j', async (seq) => {
    const { id } = await create({ type: 'thing' })
    const answer = await tenant.request('GET', `/entities/${id}?as_of=${seq}`)
    expect([answer.status, fieldsOf(answer.body)]).toEqual([422, ['as_of']])
  })
})

describe('getting many', () => {
  const lookUp = (body: object) =>
    tenant.request<Page<Entity>>('POST', '/entities/lookup', { body })

  it('answers with those that exist, once each, in the order asked for', async () => {
    const made = await Promise.all(
      ['x', 'y', 'z'].map((external_id) => create({ type: 'thing', external_id })),
    )
    const [x, y, z] = made.map(({ id }) => id)
    const { body } = await lookUp({
      ids: [z, crypto.randomUUID(), x, z],
      external_ids: ['nobody', 'y', 'x'],
    })
    expect(body.items.map(({ id }) => id)).toEqual([z, x, y])
  })

  it('takes 1,000 at once and no more', async () => {
    const ids = range(999).map(() => crypto.randomUUID())
    const full = await lookUp({ ids, external_ids: ['x'] })
    expect([full.status, full.body.items.length]).toEqual([200, 1])
    for (const body of [
      { ids: [...ids, ...ids.slice(0, 2)] },
      { ids, external_ids: ['x', 'y'] },
      { ids: [], external_ids: [] },
      {},
    ]) {
      expect((await lookUp(body)).status).toBe(422)
    }
  })
})
