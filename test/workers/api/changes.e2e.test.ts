import { beforeAll, describe, expect, it } from 'vitest'
import {
  type Change,
  type Changes,
  type Entity,
  fieldsOf,
  newTenant,
  type Relationship,
  type Tenant,
} from '../../harness/api.ts'
import { range } from '../../harness/sequences.ts'

let tenant: Tenant

beforeAll(async () => {
  tenant = await newTenant()
})

const changes = (query: string, graph = 'default') =>
  tenant.request<Changes>('GET', `/graphs/${graph}/changes?${query}`)

describe('the log', () => {
  it('has every change with who, when, why, before and after', async () => {
    const sent = { 'x-request-id': 'request-of-the-creation' }
    const made = await tenant.request<Entity>('POST', '/entities', {
      body: { type: 'n', external_id: 'x', name: 'One', properties: { a: 1 } },
      headers: sent,
    })
    const entity = made.body
    const path = `/entities/${entity.id}`
    const patched = await tenant.request<Entity>('PATCH', path, {
      body: { name: null, location: { lat: 1.5, lon: -2 }, properties: { a: null, b: [1] } },
    })
    const tie = await tenant.request<Relationship>('POST', '/relationships', {
      body: { type: 'r', from_id: entity.id, to_id: entity.id, properties: { w: 1 } },
    })
    await tenant.request('DELETE', path)

    const { body } = await changes(`after=${entity.version - 1}`)
    const image = ({ id, type, ...rest }: Entity) => rest
    const { id, type, from_id, to_id, ...tieImage } = tie.body
    const ofEntity = {
      id: entity.id,
      type: 'n',
      external_id: 'x',
      from_id: null,
      to_id: null,
      actor: expect.stringMatching(/^user:[0-9a-f-]{36}$/),
    }
    const ofTie = { ...ofEntity, id, type, external_id: null, from_id, to_id }
    // A relationship has no name or location; its images say so.
    const tied = { ...tieImage, name: null, location: null }
    expect(body.items).toEqual([
      {
        ...ofEntity,
        seq: entity.version,
        kind: 'entity.created',
        at: entity.created_at,
        request_id: 'request-of-the-creation',
        before: null,
        after: image(entity),
      },
      {
        ...ofEntity,
        seq: patched.body.version,
        kind: 'entity.updated',
        at: patched.body.updated_at,
        request_id: patched.headers.get('x-request-id'),
        before: image(entity),
        after: image(patched.body),
      },
      {
        ...ofTie,
        seq: tie.body.version,
        kind: 'relationship.created',
        at: tie.body.created_at,
        request_id: tie.headers.get('x-request-id'),
        before: null,
        after: tied,
      },
      expect.objectContaining({
        ...ofTie,
        seq: tie.body.version + 1,
        kind: 'relationship.deleted',
        before: tied,
        after: null,
      }),
      expect.objectContaining({
        ...ofEntity,
        seq: tie.body.version + 2,
        kind: 'entity.deleted',
        before: image(patched.body),
        after: null,
      }),
    ])
    expect(body).toMatchObject({ next: body.head, head: tie.body.version + 2 })
  })

  it('is read page by page, and on from where a reader stopped', async () => {
    await tenant.request('POST', '/graphs', { body: { name: 'paged' } })
    const write = (count: number) =>
      tenant.request('POST', '/graphs/paged/batch', {
        body: { commands: range(count).map(() => ({ action: 'create_entity', type: 'n' })) },
      })
    await write(150)
    expect((await changes('', 'paged')).body.items).toHaveLength(100)
    const read: Change[] = []
    let after = 0
    const drain = async (limit: number) => {
      for (;;) {
        const { body } = await changes(`after=${after}&limit=${limit}`, 'paged')
        if (body.items.length === 0) {
          expect(body).toMatchObject({ next: after, head: after })
          return
        }
        expect(body.next).toBe(body.items.at(-1)?.seq)
        read.push(...body.items)
        after = body.next
      }
    }
    await drain(40)
    await write(7)
    await drain(3)
    expect(read.map(({ seq }) => seq)).toEqual(range(157).map((n) => n + 1))
    const whole = await changes('limit=1000', 'paged')
    expect(whole.body.items).toEqual(read)
  })

  it('shows a reader who polls while others write every seq once, in order', async () => {
    await tenant.request('POST', '/graphs', { body: { name: 'polled' } })
    const path = '/graphs/polled/entities'
    const writers = Promise.all(
      range(60).map(() => tenant.request('POST', path, { body: { type: 'n' } })),
    )
    const seqs: number[] = []
    while (seqs.length < 60) {
      const { body } = await changes(`after=${seqs.length}&limit=7`, 'polled')
      seqs.push(...body.items.map(({ seq }) => seq))
      expect(body.head).toBeGreaterThanOrEqual(seqs.length)
    }
    await writers
    expect(seqs).toEqual(range(60).map((n) => n + 1))
  })

  it('has nothing after its head', async () => {
    const { body } = await changes('limit=1')
    const beyond = await changes(`after=${body.head + 1_000}`)
    expect(beyond.body).toEqual({ items: [], next: body.head + 1_000, head: body.head })
  })

  it.each([
    ['after=-1', ['after']],
    ['after=x&limit=0', ['after', 'limit']],
    ['limit=1001&since=3', ['limit', 'since']],
    ['after=', ['after']],
    ['after=9007199254740993', ['after']],
  ])('is refused with %s', async (query, fields) => {
    const { status, body } = await tenant.request('GET', `/changes?${query}`)
    expect([status, fieldsOf(body)]).toEqual([422, fields])
  })
})
