import { beforeEach, describe, expect, it } from 'vitest'
import {
  type Changes,
  type Entity,
  fieldsOf,
  newTenant,
  type Page,
  type Tenant,
} from '../../harness/api.ts'
import { evictObjects } from '../../harness/faults.ts'

const HIT = 'tendril-memory; hit'
const MISS = 'tendril-memory; fwd=miss'

let tenant: Tenant
let paths: Record<'a' | 'b' | 'things' | 'others' | 'neighbors', string>

// Of its own for each: what is read often is loaded anew behind other answers.
beforeEach(async () => {
  tenant = await newTenant()
  const create = async (type: string) =>
    (await tenant.request<Entity>('POST', '/entities', { body: { type } })).body.id
  const [a, b] = [await create('thing'), await create('other')]
  paths = {
    a: `/entities/${a}`,
    b: `/entities/${b}`,
    things: '/entities?type=thing',
    others: '/entities?type=other',
    neighbors: `/entities/${a}/neighbors`,
  }
})

/** What `Cache-Status` says of each path, at a level that sees every purge before it. */
async function statuses(): Promise<Record<string, string | null>> {
  const read = async ([name, path]: readonly [string, string]) => {
    const headers = { 'tendril-consistency': 'strong' }
    const answer = await tenant.request('GET', path, { headers })
    expect(answer.status).toBe(200)
    return [name, answer.headers.get('cache-status')] as const
  }
  return Object.fromEntries(await Promise.all(Object.entries(paths).map(read)))
}

const all = (status: string) => Object.fromEntries(Object.keys(paths).map((name) => [name, status]))

const idOf = (path: string) => path.slice('/entities/'.length)

const purge = <Body = { graphs: string[] }>(body: object, headers = {}) =>
  tenant.request<Body>('POST', '/cache/purge', { body, headers })

describe('purging', () => {
  it.each<[string, () => object, readonly string[]]>([
    ['an entity', () => ({ key: `entity:${idOf(paths.a)}` }), ['a', 'neighbors']],
    ['neighbours', () => ({ key: `neighbors:${idOf(paths.a)}` }), ['neighbors']],
    ['a type', () => ({ type: 'thing' }), ['things']],
    ['a tag', () => ({ tag: 't:other', graph: 'default' }), ['others']],
    ['a graph', () => ({ graph: 'default' }), ['a', 'b', 'things', 'others', 'neighbors']],
    ['a tenant', () => ({ tenant: true }), ['a', 'b', 'things', 'others', 'neighbors']],
  ])('%s has just that read anew, once', async (_what, body, missed) => {
    await statuses()
    expect(await statuses()).toEqual(all(HIT))
    const { status, body: purged, headers } = await purge(body())
    expect([status, purged]).toEqual([200, { graphs: ['default'] }])
    expect(headers.get('tendril-bookmark')).toMatch(/^b1\./)
    const expected = { ...all(HIT), ...Object.fromEntries(missed.map((name) => [name, MISS])) }
    expect(await statuses()).toEqual(expected)
    expect(await statuses()).toEqual(all(HIT))
  })

  it('is not undone by a restart of the log', async () => {
    await statuses()
    await purge({ graph: 'default' })
    await evictObjects()
    expect(await statuses()).toEqual(all(MISS))
  })

  it('changes no record, and is an event of the log that says who did it', async () => {
    const before = await tenant.request<Page<Entity>>('GET', '/entities?type=thing')
    const { body: first } = await tenant.request<Changes>('GET', '/changes?limit=1')
    await purge({ tag: 'e:whatever' })
    const { body } = await tenant.request<Changes>('GET', `/changes?after=${first.head}`)
    expect(body.items.at(-1)).toMatchObject({ kind: 'cache.purged', type: 'e:whatever', id: null })
    expect(body.items.at(-1)?.actor).toMatch(/^user:/)
    const after = await tenant.request<Page<Entity>>('GET', '/entities?type=thing')
    expect(after.body).toEqual(before.body)
    const renamed = await tenant.request<Entity>('PATCH', paths.a, { body: { name: 'as before' } })
    expect(renamed.status).toBe(200)
  })

  it('that is repeated with its key is done once', async () => {
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const { body: before } = await tenant.request<Changes>('GET', '/changes?limit=1')
    await purge({ type: 'thing' }, headers)
    expect((await purge({ type: 'thing' }, headers)).status).toBe(200)
    const { body: after } = await tenant.request<Changes>('GET', '/changes?limit=1')
    expect(after.head).toBe(before.head + 1)
    expect((await purge({ type: 'other' }, headers)).status).toBe(422)
  })

  it('what is not there, or is said in two ways, is refused', async () => {
    expect((await purge({ graph: 'nowhere' })).status).toBe(404)
    for (const [body, fields] of [
      [{ type: 'thing', tag: 'g' }, ['']],
      [{ tenant: true, graph: 'default' }, ['']],
      [{ key: 'nonsense' }, ['/key']],
      [{ everything: true }, ['/everything']],
    ] as const) {
      const { status, body: problem } = await purge<{ errors: never[] }>(body)
      expect([status, fieldsOf(problem)]).toEqual([422, fields])
    }
  })
})
