import { beforeAll, describe, expect, it } from 'vitest'
import {
  type Entity,
  fieldsOf,
  type Neighbor,
  newTenant,
  type Page,
  type Relationship,
  type Tenant,
} from '../../harness/api.ts'
import { allPages, range } from '../../harness/sequences.ts'

let tenant: Tenant
let hub: string

/** From, type, to; `hub` is the entity asked about. In order of creation. */
const TIES = [
  ['hub', 'road', 'a'],
  ['hub', 'rail', 'b'],
  ['a', 'road', 'hub'],
  ['hub', 'road', 'hub'],
  ['hub', 'road', 'a'],
  ['a', 'road', 'b'],
  ['b', 'rail', 'hub'],
  ['hub', 'Air', 'b'],
] as const

beforeAll(async () => {
  tenant = await newTenant()
  for (const external_id of ['hub', 'a', 'b', 'alone']) {
    const body = { type: 'place', external_id, name: external_id, location: { lat: 1, lon: 2 } }
    const made = await tenant.request<Entity>('POST', '/entities', { body })
    if (external_id === 'hub') hub = made.body.id
  }
  for (const [i, [from_external_id, type, to_external_id]] of TIES.entries()) {
    const body = { type, from_external_id, to_external_id, external_id: `${i}` }
    await tenant.request('POST', '/relationships', { body })
  }
})

const get = (query: string) =>
  tenant.request<Page<Neighbor>>('GET', `/entities/${hub}/neighbors?${query}`)

/** Number of the tie, the direction it is seen in, and who is at the other end. */
function shown(items: readonly Neighbor[]): string[] {
  return items.map(
    ({ relationship, direction, entity }) =>
      `${relationship.external_id} ${direction} ${entity.name}`,
  )
}

describe('neighbours of an entity', () => {
  const out = ['1 out b', '0 out a', '3 out hub', '4 out a']

  it.each([
    ['direction=out', ['7 out b', ...out]],
    ['direction=in', ['6 in b', '2 in a', '3 in hub']],
    ['', ['7 out b', '1 out b', '6 in b', '0 out a', '2 in a', '3 out hub', '4 out a']],
    ['direction=both&type=rail', ['1 out b', '6 in b']],
    ['direction=out&type=road', ['0 out a', '3 out hub', '4 out a']],
    ['direction=in&type=road', ['2 in a', '3 in hub']],
    ['type=river', []],
  ])('%s: by type and age, a self-loop once, parallel ones each', async (query, expected) => {
    const { body } = await get(query)
    expect(body.next).toBeNull()
    // Which type comes first is the database's collation; within a type it is age.
    expect(shown(body.items).sort()).toEqual([...expected].sort())
    const types = body.items.map(({ relationship }) => relationship.type)
    expect(new Set(types).size).toBe(types.filter((type, i) => type !== types[i - 1]).length)
    const rank = ({ relationship: { type, external_id } }: Neighbor) =>
      types.indexOf(type) * 100 + Number(external_id)
    expect(body.items.map(rank)).toEqual(body.items.map(rank).toSorted((a, b) => a - b))
  })

  it.each(['direction=out', 'direction=in', 'direction=both', 'type=road'])(
    '%s: pages of every size add up',
    async (query) => {
      const { body } = await get(query)
      for (const limit of [1, 2, 3, body.items.length]) {
        const path = `/entities/${hub}/neighbors?${query}&limit=${limit}`
        expect(await allPages<Neighbor>(tenant, path)).toEqual(body.items)
      }
    },
  )

  it('show both records as they are', async () => {
    const { body } = await get('direction=in&type=rail')
    const [only] = body.items
    const relationship = await tenant.request('GET', `/relationships/${only?.relationship.id}`)
    const entity = await tenant.request('GET', `/entities/${only?.entity.id}`)
    expect(only).toEqual({
      direction: 'in',
      relationship: relationship.body,
      entity: entity.body,
    })
  })

  it('are none of an entity without, and 404 of no entity', async () => {
    const { body } = await tenant.request<Page<Entity>>('GET', '/entities?external_id=alone')
    const alone = await tenant.request<Page<Neighbor>>(
      'GET',
      `/entities/${body.items[0]?.id}/neighbors`,
    )
    expect(alone.body).toEqual({ items: [], next: null })
    const nobody = await tenant.request('GET', `/entities/${crypto.randomUUID()}/neighbors`)
    expect(nobody.status).toBe(404)
  })

  it('name every bad parameter at once', async () => {
    const { status, body } = await tenant.request(
      'GET',
      `/entities/${hub}/neighbors?direction=up&limit=0&depth=2&type=%00`,
    )
    expect([status, fieldsOf(body)]).toEqual([422, ['depth', 'direction', 'limit', 'type']])
  })

  it('refuse a cursor that they did not give', async () => {
    const made = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const list = await tenant.request<Page<Entity>>('GET', '/entities?limit=1')
    const odd = [made(['road', -1]), made(['road', 1.5]), made(['\0', 1]), made(['road'])]
    for (const cursor of ['x', '', list.body.next ?? '', ...odd]) {
      const answer = await tenant.request('GET', `/entities/${hub}/neighbors?cursor=${cursor}`)
      expect.soft(answer.status, cursor).toBe(400)
    }
  })

  it('of a well-connected entity are neither skipped nor repeated while it gets more', async () => {
    const make = (count: number) => ({
      body: {
        commands: range(count).flatMap(() => {
          const id = crypto.randomUUID()
          return [
            { action: 'create_entity', type: 'leaf', id },
            { action: 'create_relationship', type: 'leaf', from_id: id, to_external_id: 'alone' },
          ]
        }),
      },
    })
    await tenant.request('POST', '/batch', make(250))
    const { body } = await tenant.request<Page<Entity>>('GET', '/entities?external_id=alone')
    const path = `/entities/${body.items[0]?.id}/neighbors`
    const before = await tenant.request<Page<Neighbor>>('GET', `${path}?limit=1000`)
    expect(before.body.items).toHaveLength(250)
    const [after] = await Promise.all([
      allPages<Neighbor>(tenant, `${path}?limit=40`),
      ...range(4).map(() => tenant.request('POST', '/batch', make(5))),
    ])
    const seen = after.map(({ relationship }: { relationship: Relationship }) => relationship.id)
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen.slice(0, 250)).toEqual(before.body.items.map(({ relationship: { id } }) => id))
  })
})
