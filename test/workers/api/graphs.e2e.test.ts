import { beforeAll, describe, expect, it } from 'vitest'
import {
  type Changes,
  type Entity,
  fieldsOf,
  newTenant,
  type Page,
  type Tenant,
} from '../../harness/api.ts'
import { range } from '../../harness/sequences.ts'

type Graph = { readonly id: string; readonly name: string; readonly created_at: string }

let tenant: Tenant

beforeAll(async () => {
  tenant = await newTenant()
})

const create = <Body = Graph>(name: unknown) =>
  tenant.request<Body>('POST', '/graphs', { body: { name } })

async function names(): Promise<string[]> {
  const { body } = await tenant.request<Page<Graph>>('GET', '/graphs')
  return body.items.map(({ name }) => name)
}

describe('a graph', () => {
  it('called default is there from the start, and stays', async () => {
    const { body } = await tenant.request<Graph>('GET', '/graphs/default')
    expect(body.name).toBe('default')
    const refused = await tenant.request('DELETE', '/graphs/default')
    expect([refused.status, refused.body.code]).toEqual([409, 'last_graph'])
    expect(await names()).toContain('default')
  })

  it('is created by name, listed by name, and empty', async () => {
    const { status, headers, body } = await create('second')
    expect(status).toBe(201)
    expect(headers.get('location')).toBe('/api/v1/graphs/second')
    expect((await tenant.request('GET', '/graphs/second')).body).toEqual(body)
    await create('another')
    const listed = await names()
    expect(listed).toEqual(expect.arrayContaining(['another', 'default', 'second']))
    expect(listed).toEqual(listed.toSorted())
    const log = await tenant.request<Changes>('GET', '/graphs/second/changes')
    expect(log.body).toEqual({ items: [], next: 0, head: 0 })
  })

  it('has a log of its own, which begins at 1', async () => {
    await create('counted')
    await tenant.request('POST', '/entities', { body: { type: 'n' } })
    const made = await tenant.request<Entity>('POST', '/graphs/counted/entities', {
      body: { type: 'n' },
    })
    expect(made.body.version).toBe(1)
  })

  it('has a name that no other graph of the tenant has', async () => {
    await create('taken')
    const again = await create<{ code: string }>('taken')
    expect([again.status, again.body.code]).toEqual([409, 'name_taken'])
    const answers = await Promise.all(range(6).map(() => create('raced')))
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([201, ...range(5).map(() => 409)])
    expect((await names()).filter((name) => name === 'raced')).toHaveLength(1)
  })

  it.each(['', 'Upper', 'a b', '-a', 'a_b', 'é', 'x'.repeat(64), null, 7])(
    'is not called %j',
    async (name) => {
      const { status, body } = await create<object>(name)
      expect([status, fieldsOf(body)]).toEqual([422, ['/name']])
    },
  )

  it.each(['GET', 'DELETE'])('that nobody made is 404 to %s', async (method) => {
    expect((await tenant.request(method, '/graphs/nobody')).status).toBe(404)
  })

  it.each(['%zz', '%00', 'UPPER', 'a%2Fb', '..%2Fdefault', 'a b'])(
    'named %s in a path is refused, not looked up',
    async (name) => {
      const { status, body } = await tenant.request('GET', `/graphs/${name}/entities`)
      expect([status, fieldsOf(body)]).toEqual([422, ['graph']])
    },
  )
})

describe('a deleted graph', () => {
  it('is gone with everything in it, and its name is free', async () => {
    const { body: first } = await create('brief')
    const made = await tenant.request<Entity>('POST', '/graphs/brief/entities', {
      body: { type: 'n', external_id: 'x' },
    })
    const deleted = await tenant.request<string>('DELETE', '/graphs/brief')
    expect([deleted.status, deleted.text]).toEqual([204, ''])
    expect(await names()).not.toContain('brief')
    const paths = ['', '/entities', `/entities/${made.body.id}`, '/changes', '/export', '/types']
    for (const path of paths) {
      expect((await tenant.request('GET', `/graphs/brief${path}`)).status).toBe(404)
    }
    const write = { body: { type: 'n' } }
    expect((await tenant.request('POST', '/graphs/brief/entities', write)).status).toBe(404)
    expect((await tenant.request('DELETE', '/graphs/brief')).status).toBe(404)

    const { body: second } = await create('brief')
    expect(second.id).not.toBe(first.id)
    const { body } = await tenant.request<Page<Entity>>('GET', '/graphs/brief/entities')
    expect(body.items).toEqual([])
  })

  it('takes no write that was on its way', async () => {
    await create('closing')
    const writes = range(20).map(() =>
      tenant.request('POST', '/graphs/closing/entities', { body: { type: 'n' } }),
    )
    const { status } = await tenant.request('DELETE', '/graphs/closing')
    expect(status).toBe(204)
    for (const answer of await Promise.all(writes)) expect([201, 404]).toContain(answer.status)
    const late = await tenant.request('POST', '/graphs/closing/batch', {
      body: { commands: [{ action: 'create_entity', type: 'n' }] },
    })
    expect(late.status).toBe(404)
  })
})
