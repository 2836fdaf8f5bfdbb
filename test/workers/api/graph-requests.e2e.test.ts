import { beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../core/json.ts'
import { type Entity, newTenant, type Problem, type Tenant } from '../../harness/api.ts'
import { range } from '../../harness/sequences.ts'

let tenant: Tenant
/** A star: entity 0 leads to all others, and each of these to the next. */
let ids: string[]

beforeAll(async () => {
  tenant = await newTenant()
  const commands = [
    ...range(20).map((n) => ({
      ...{ action: 'create_entity', type: 'place', external_id: `${n}`, name: `Place ${n}` },
      properties: { n, parity: n % 2 === 0 ? 'even' : 'odd' },
    })),
    ...range(19).map((n) => edge(0, n + 1)),
    ...range(18).map((n) => edge(n + 1, n + 2)),
  ]
  await tenant.request('POST', '/batch', { body: { commands } })
  const names = { external_ids: range(20).map(String) }
  const { body } = await tenant.request<{ items: Entity[] }>('POST', '/entities/lookup', {
    body: names,
  })
  ids = body.items.map(({ id }) => id)
})

function edge(from: number, to: number) {
  const ends = { from_external_id: `${from}`, to_external_id: `${to}` }
  return { action: 'create_relationship', type: 'road', ...ends }
}

const ask = (path: string, body: JsonObject) => tenant.request<JsonObject>('POST', path, { body })

describe('a query of a graph', () => {
  it('takes ids, external ids and short paths', async () => {
    for (const path of ['/traverse', '/graphs/default/traverse']) {
      const { body } = await ask(path, { ids: [ids[0] ?? ''], external_ids: ['19'] })
      expect(body).toMatchObject({ count: 18, by_depth: [2, 18], stopped: null })
    }
    const { body } = await ask('/paths', { from_id: ids[1] ?? '', to_external_id: '3' })
    expect(body).toMatchObject({ paths: [{ length: 2, weight: null }], equally_short: 1 })
  })

  it('asks for the replacement character where it means it', async () => {
    const names = { external_ids: ['\uFFFD, 🛣'] }
    await ask('/entities', { type: 'place', external_id: names.external_ids[0] ?? '' })
    expect((await ask('/traverse', names)).body).toMatchObject({ by_depth: [1] })
  })

  it('says so where its limits leave something out', async () => {
    const few = await ask('/traverse', { external_ids: ['0'], limit: 3, return: 'ids' })
    expect(few.body).toMatchObject({ count: 3, stopped: 'limit', ids: ids.slice(0, 4) })
    const cheap = await ask('/traverse', { external_ids: ['0'], depth: 3, max_cost: 7 })
    expect(cheap.body).toMatchObject({
      count: 7,
      stopped: 'cost',
      cost: { edges: 7, max_edges: 7 },
    })
    const all = await ask('/traverse', { external_ids: ['0'], return: 'count' })
    expect(all.body).toMatchObject({ count: 19, stopped: null, cost: { nodes: 20, edges: 19 } })
    expect(all.body).not.toHaveProperty('items')
  })

  it('says how long the search took, unless that was no time', async () => {
    const { body, headers } = await ask('/traverse', { external_ids: ['0'] })
    const { engine, ms } = body.cost as { engine: string; ms: number }
    const [, told = `0.0;desc="${engine}"`] =
      / ?graph;dur=(.*)$/.exec(headers.get('server-timing') ?? '') ?? []
    expect(told).toBe(`${ms.toFixed(1)};desc="${engine}"`)
  })

  it('is refused with an estimate where a partial answer is of no use', async () => {
    const body = { external_ids: ['0'], depth: 3, max_cost: 7, on_cap: 'error' }
    const { status, body: problem } = await tenant.request<Problem & { estimated_edges: number }>(
      'POST',
      '/traverse',
      { body },
    )
    expect([status, problem.code]).toEqual([422, 'cost_exceeded'])
    expect(problem.estimated_edges).toBeGreaterThan(7)
    const path = `/entities/${ids[0]}/component?max_cost=2&on_cap=error`
    const component = await tenant.request<Problem>('GET', path)
    expect([component.status, component.body.code]).toEqual([422, 'cost_exceeded'])
  })

  it('enters only what the filters of lists let pass', async () => {
    const count = async (where: JsonObject) =>
      (await ask('/traverse', { external_ids: ['0'], where, return: 'count' })).body.count
    expect(await count({ 'properties.parity': 'even' })).toBe(9)
    expect(await count({ 'properties.n[gte]': 15 })).toBe(5)
    // Numbers are not compared with text.
    expect(await count({ 'properties.n': '15' })).toBe(0)
    expect(await count({ name_prefix: 'place 1' })).toBe(11)
    expect(await count({ 'name[contains]': '7', type: 'place' })).toBe(2)
    expect(await count({})).toBe(19)
  })

  it.each<[string, JsonObject, string[]]>([
    ['/traverse', {}, ['/ids']],
    ['/traverse', { ids: ['x'], depth: 11, limit: 10_001 }, ['/ids/0', '/depth', '/limit']],
    ['/traverse', { external_ids: ['0'], max_cost: 5_000_001 }, ['/max_cost']],
    ['/traverse', { external_ids: ['0'], return: 'all', on_cap: 'x' }, ['/return', '/on_cap']],
    ['/traverse', { external_ids: ['0'], relationship_types: ['?'] }, ['/relationship_types/0']],
    ['/traverse', { external_ids: ['0'], depht: 1 }, ['/depht']],
    ['/traverse', { external_ids: ['0'], where: { colour: 'red' } }, ['/where/colour']],
    [
      '/traverse',
      { external_ids: ['0'], where: { limit: 1, sort: 'id' } },
      ['/where/limit', '/where/sort'],
    ],
    [
      '/traverse',
      { external_ids: ['0'], where: { 'properties.a[like]': 1 } },
      ['/where/properties.a[like]'],
    ],
    ['/traverse', { external_ids: ['0'], where: { type: [1] } }, ['/where/type']],
    ['/traverse', { external_ids: ['0'], where: { search: 'words' } }, ['/where/search']],
    ['/subgraph', { external_ids: ['0'], edge_limit: 50_001 }, ['/edge_limit']],
    ['/paths', { from_external_id: '0' }, ['/to_id']],
    [
      '/paths',
      { from_external_id: '0', to_external_id: '1', k: 21, weight: 'w' },
      ['/k', '/weight'],
    ],
    [
      '/paths',
      { from_external_id: '0', to_external_id: '1', weight: 'properties.w', max_length: 3 },
      ['/max_length'],
    ],
    ['/common-neighbors', { external_ids: ['0'] }, ['/ids']],
  ])('%s %j is refused, and the fields are named', async (path, body, pointers) => {
    const answer = await tenant.request<Problem>('POST', path, { body })
    expect(answer.status, answer.text).toBe(422)
    expect(answer.body.errors?.map(({ pointer }) => pointer).sort()).toEqual(pointers.sort())
  })

  it.each([
    ['degree?direction=up', ['direction']],
    ['degree?limit=3', ['limit']],
    ['component?limit=x&max_cost=-1', ['limit', 'max_cost']],
    ['component?relationship_types=,', ['relationship_types']],
  ])('%s is refused, and the parameters are named', async (path, pointers) => {
    const answer = await tenant.request<Problem>('GET', `/entities/${ids[0]}/${path}`)
    expect(answer.status).toBe(422)
    expect(answer.body.errors?.map(({ pointer }) => pointer).sort()).toEqual(pointers)
  })

  it('is 404 for an entity or a graph that is not there', async () => {
    const unknown = crypto.randomUUID()
    for (const body of [{ ids: [unknown] }, { external_ids: ['nowhere'] }]) {
      expect((await ask('/traverse', body)).status).toBe(404)
    }
    expect((await tenant.request('GET', `/entities/${unknown}/degree`)).status).toBe(404)
    expect((await ask('/graphs/none/traverse', { ids: [unknown] })).status).toBe(404)
  })
})
