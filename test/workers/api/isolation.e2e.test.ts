import { beforeAll, describe, expect, it } from 'vitest'
import {
  type ApiKey,
  callerWith,
  type Entity,
  newTenant,
  type Page,
  type Relationship,
  type Role,
  type Tenant,
} from '../../harness/api.ts'

let acme: Tenant
let rival: Tenant
let secret: Entity

beforeAll(async () => {
  acme = await newTenant()
  rival = await newTenant()
  const { body } = await acme.request<Entity>('POST', '/entities', {
    body: { type: 'plan', external_id: 'plan', name: 'Secret plan' },
  })
  secret = body
})

describe('another tenant', () => {
  it('sees none of it in lists, lookups, the log or an export', async () => {
    const byId = { body: { ids: [secret.id], external_ids: ['plan'] } }
    const found = await rival.request<Page<Entity>>('POST', '/entities/lookup', byId)
    expect(found.body.items).toEqual([])
    for (const path of ['/entities', '/relationships', '/changes', '/types']) {
      expect((await rival.request<Page<unknown>>('GET', path)).body.items).toEqual([])
    }
    expect((await rival.request<string>('GET', '/export')).text).toBe('')
    const graphs = await rival.request<Page<{ id: string }>>('GET', '/graphs')
    const own = await acme.request<Page<{ id: string }>>('GET', '/graphs')
    expect(graphs.body.items).toHaveLength(1)
    expect(graphs.body.items[0]?.id).not.toBe(own.body.items[0]?.id)
  })

  it.each([
    ['id', () => ({ from_id: secret.id, to_id: secret.id })],
    ['external id', () => ({ from_external_id: 'plan', to_external_id: 'plan' })],
  ])('cannot tie a relationship to it by %s', async (_by, ends) => {
    const body = { type: 'knows', ...ends() }
    const { status, body: problem } = await rival.request('POST', '/relationships', { body })
    expect([status, problem.code]).toEqual([409, 'from_not_found'])
  })

  it('cannot change or delete it from a batch', async () => {
    for (const action of ['patch_entity', 'delete_entity']) {
      const body = { commands: [{ action, id: secret.id }] }
      const { status } = await rival.request('POST', '/batch', { body })
      expect(status).toBe(404)
    }
  })

  it('may use the same ids for records of its own', async () => {
    const mine = { id: secret.id, type: 'plan', external_id: 'plan', name: 'Another plan' }
    expect((await rival.request('POST', '/entities', { body: mine })).status).toBe(201)
    const deleted = await rival.request('DELETE', `/entities/${secret.id}`)
    expect(deleted.status).toBe(204)
    const { body } = await acme.request<Entity>('GET', `/entities/${secret.id}`)
    expect(body).toEqual(secret)
  })

  it('gets no answer to a repeat of a request that is not its own', async () => {
    const options = { body: { type: 'note' }, headers: { 'idempotency-key': 'the-same' } }
    const first = await acme.request<Entity>('POST', '/entities', options)
    const other = await rival.request<Entity>('POST', '/entities', options)
    expect(other.headers.has('idempotency-replayed')).toBe(false)
    expect(other.body.id).not.toBe(first.body.id)
    // The same holds for two keys of one tenant.
    const key = await acme.apiKey('writer')
    const third = await key.request<Entity>('POST', '/entities', options)
    expect(third.headers.has('idempotency-replayed')).toBe(false)
  })
})

describe('one graph of a tenant', () => {
  it('sees nothing of another', async () => {
    await acme.request('POST', '/graphs', { body: { name: 'other' } })
    const path = `/graphs/other/entities/${secret.id}`
    expect((await acme.request('GET', path)).status).toBe(404)
    expect((await acme.request('PATCH', path, { body: { name: 'x' } })).status).toBe(404)
    expect((await acme.request('DELETE', path)).status).toBe(404)
    const { body } = await acme.request<Page<Entity>>('GET', '/graphs/other/entities')
    expect(body.items).toEqual([])
  })

  it('has relationships to entities of its own only', async () => {
    const body = { type: 'knows', from_id: secret.id, to_id: secret.id }
    const { status } = await acme.request('POST', '/graphs/other/relationships', { body })
    expect(status).toBe(409)
  })
})

describe('a key', () => {
  const ranks: readonly Role[] = ['reader', 'writer', 'admin', 'owner']

  it.each(ranks)('of role %s makes none above its own', async (role) => {
    const key = await acme.apiKey(role)
    const mayMake = role === 'admin' || role === 'owner'
    for (const wanted of ranks) {
      const body = { name: 'Made by a key', role: wanted }
      const { status } = await key.request('POST', '/keys', { body })
      const expected = mayMake && ranks.indexOf(wanted) <= ranks.indexOf(role) ? 201 : 403
      expect.soft(status, `${role} makes ${wanted}`).toBe(expected)
    }
  })

  it('stops counting with the request after its revocation', async () => {
    const key = await acme.apiKey('reader')
    expect((await key.request('GET', '/entities')).status).toBe(200)
    expect((await acme.request('DELETE', `/keys/${key.id}`)).status).toBe(204)
    expect((await key.request('GET', '/entities')).status).toBe(401)
  })

  it('is named as the actor of what it did, and the owner of what the owner did', async () => {
    const key = await acme.apiKey('writer')
    const { body: made } = await key.request<Entity>('POST', '/entities', {
      body: { type: 'note' },
    })
    await acme.request('PATCH', `/entities/${made.id}`, { body: { name: 'Seen' } })
    const { body } = await acme.request<Page<{ id: string; actor: string }>>(
      'GET',
      `/changes?after=${made.version - 1}`,
    )
    const actors = body.items.filter(({ id }) => id === made.id).map(({ actor }) => actor)
    expect(actors).toEqual([`key:${key.id}`, expect.stringMatching(/^user:/)])
    const { body: listed } = await acme.request<Page<ApiKey>>('GET', '/keys')
    expect(listed.items.find(({ id }) => id === key.id)?.created_by).toBe(actors[1])
  })

  it('is not needed, nor looked at, to log in or to ask for health', async () => {
    const stale = callerWith('tendril_live_of_yesterday')
    const { email, password } = acme
    const login = await stale.request('POST', '/auth/login', { body: { email, password } })
    expect(login.status).toBe(200)
    expect((await stale.request('GET', '//health/ready')).status).toBe(200)
  })
})

it('relationships between the same ends in two graphs have nothing to do with each other', async () => {
  const make = async (graph: string) => {
    const ends = ['a', 'b'].map((external_id) => ({
      action: 'upsert_entity',
      type: 'end',
      external_id,
    }))
    await acme.request('POST', `/graphs/${graph}/batch`, { body: { commands: ends } })
    const body = { type: 'ties', from_external_id: 'a', to_external_id: 'b', external_id: 'tie' }
    return acme.request<Relationship>('POST', `/graphs/${graph}/relationships`, { body })
  }
  const [one, two] = [await make('default'), await make('other')]
  expect([one.status, two.status]).toEqual([201, 201])
  expect(one.body.from_id).not.toBe(two.body.from_id)
})
