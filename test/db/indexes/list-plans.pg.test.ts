import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ListQuery, Position } from '../../../core/log/list-query.ts'
import type { Entity } from '../../../core/log/records.ts'
import { type IndexPlan, NO_INDEXES, planIndexes } from '../../../core/types/index-plan.ts'
import { listEntities } from '../../../db/queries/entities.ts'
import { createEntity, request } from '../../contracts/graph-log-store/requests.ts'
import { type Random, seededRandom } from '../../durable-objects/graph-log/histories/random.ts'
import { createMigrated, type MigratedDatabase } from '../../harness/databases.ts'
import { IndexedGraph } from './indexed-graph.ts'

const seed = Number(process.env.TENDRIL_SEED ?? Date.now() % 1_000_000)
/** More than an index may find before the list goes by its order. */
const RECORDS = 8_000

/** In which lists are read, each of which has to be met. */
const WAYS = ['ordered ', 'scan composite', 'ordered composite', 'scan text']

let shard: MigratedDatabase
let graph: IndexedGraph
let entities: Entity[]

const STATES = [
  'CA',
  'NY',
  'TX',
  'ny',
  'é',
  7,
  true,
  null,
  'long '.repeat(60),
  `${'long '.repeat(60)}!`,
]
const WORDS = ['airport', 'Airfield', 'San', 'são', 'big_one', '100%', 'a\\b', 'x']

beforeAll(async () => {
  shard = await createMigrated('shard')
  graph = await IndexedGraph.create(shard)
  await graph.declare('entity', 'port', 'composite', ['properties.state'])
  await graph.declare('entity', 'port', 'composite', ['properties.state', 'properties.size'])
  await graph.declare('entity', 'port', 'composite', ['properties.size'])
  await graph.declare('entity', 'port', 'composite', ['properties.kind', 'name'])
  await graph.declare('entity', 'port', 'composite', ['name'])
  await graph.declare('entity', 'port', 'composite', [
    'properties.kind',
    'properties.state',
    'properties.size',
  ])
  await graph.declare('entity', 'port', 'text', ['properties.note'])
  await graph.declare('entity', 'port', 'text', ['name'])
  await graph.declare('entity', 'port', 'fulltext', ['name', 'properties.note'])
  await graph.declare('entity', 'port', 'geo', [])
  const random = seededRandom(seed)
  for (let start = 0; start < RECORDS; start += 1_000) {
    await graph.commit(
      request({ entities: Array.from({ length: 1_000 }, (_, op) => randomEntity(random, op)) }),
    )
  }
  entities = await everything({ ...plain(), type: null })
})

afterAll(() => shard.drop())

function randomEntity(random: Random, op: number) {
  const words = () =>
    Array.from({ length: 1 + random.below(3) }, () => random.pick(WORDS)).join(' ')
  const type = random.chance(0.95) ? 'port' : 'other'
  const state = random.chance(0.8) ? 'CA' : random.pick(STATES)
  const properties = {
    ...(random.chance(0.9) ? { state } : {}),
    size: random.chance(0.95) ? random.below(60) - 20 : random.pick(['big', '10', null]),
    kind: random.below(3),
    ...(random.chance(0.7) ? { note: random.chance(0.95) ? words() : [words()] } : {}),
  }
  const location = random.chance(0.8)
    ? { lat: random.below(1_801) / 10 - 90, lon: random.below(3_601) / 10 - 180 }
    : null
  const name = random.chance(0.9) ? words() : null
  return createEntity({ op, id: random.uuid(), type, content: { name, location, properties } })
}

function plain(): ListQuery {
  return {
    ...{ type: 'port', externalId: null, namePrefix: null, fromId: null, toId: null },
    ...{ properties: [], contains: [], search: null, near: null },
    ...{ sort: { by: 'created_at', descending: false }, limit: 1_000, after: null },
  }
}

function randomQuery(random: Random): ListQuery {
  const filters = [
    () => ({ path: ['state'], comparison: 'eq', value: random.pick(STATES) }),
    () => ({ path: ['kind'], comparison: 'eq', value: random.below(4) }),
    () => ({ path: ['size'], comparison: 'eq', value: random.below(60) - 20 }),
    () => ({
      ...{ path: ['size'], comparison: random.pick(['gt', 'gte', 'lt', 'lte']) },
      value: random.chance(0.8) ? random.below(60) - 20 : random.pick(['10', 'c']),
    }),
    () => ({
      ...{ path: ['state'], comparison: random.pick(['gt', 'gte', 'lt', 'lte']) },
      value: random.pick(['CA', 'D', 'long '.repeat(60), 3]),
    }),
  ]
  const sorts = [
    { by: 'property', path: ['size'] },
    { by: 'property', path: ['size'] },
    { by: 'property', path: ['state'] },
    ...['id', 'created_at', 'updated_at', 'version', 'name', 'name'].map((by) => ({ by })),
  ]
  const contains = [
    { path: null, text: random.pick(['air', 'PORT', 'g_o', 'sã', 'o A']) },
    { path: ['note'], text: random.pick(['airport', 'Air', '0%', 'big_', 'a\\b', 'x']) },
  ]
  return {
    ...plain(),
    properties: Array.from({ length: random.below(4) }, () => random.pick(filters)()) as never,
    contains: random.chance(0.3) ? [random.pick(contains)] : [],
    namePrefix: random.chance(0.2) ? random.pick(['a', 'AIR', 'san', 'sã', '']) : null,
    sort: { ...random.pick(sorts), descending: random.chance(0.5) } as ListQuery['sort'],
    limit: random.pick([1, 7, 50, 1_000]),
  }
}

type Pages = { readonly ids: string[]; readonly positions: (Position | null)[] }

/** The first pages of a list, with the positions between them. */
async function pages(query: ListQuery, plan: IndexPlan, most: number): Promise<Pages> {
  const ids: string[] = []
  const positions: (Position | null)[] = []
  let after = query.after
  for (let page = 0; page < most; page += 1) {
    const { value } = await listEntities(shard.database, graph.address, { ...query, after }, plan)
    ids.push(...value.items.map(({ id }) => id))
    positions.push(value.next)
    after = value.next
    if (after === null) break
  }
  return { ids, positions }
}

async function everything(query: ListQuery, plan = NO_INDEXES): Promise<Entity[]> {
  const items: Entity[] = []
  for (let after: Position | null = null; ; ) {
    const { value } = await listEntities(shard.database, graph.address, { ...query, after }, plan)
    items.push(...value.items)
    after = value.next
    if (after === null) return items
  }
}

function planOf(query: ListQuery): IndexPlan {
  const indexes = graph.indexes.map((index) => ({ ...index, status: 'ready' }) as const)
  const { plan, missing } = planIndexes(query, indexes)
  expect(missing).toEqual([])
  return plan
}

describe('a list', () => {
  it(`is the same with and without indexes, page for page (seed ${seed})`, async () => {
    const random = seededRandom(seed)
    const ways = new Map<string, number>()
    const hasMetAll = () => WAYS.every((way) => ways.has(way))
    for (let round = 0; round < 150 || (round < 1_500 && !hasMetAll()); round += 1) {
      const query = randomQuery(random)
      const plan = planOf(query)
      const way = `${plan.ordered ? 'ordered' : 'scan'} ${plan.narrowing?.by ?? ''}`
      const expected = await pages(query, NO_INDEXES, 4)
      expect(await pages(query, plan, 4), JSON.stringify({ query, plan })).toEqual(expected)
      if (expected.ids.length > 0) ways.set(way, (ways.get(way) ?? 0) + 1)
      // Begun without an index and gone on with it.
      const after = expected.positions[0] ?? null
      if (after === null) continue
      const rest = await pages({ ...query, after }, plan, 3)
      expect(rest.ids).toEqual(expected.ids.slice(query.limit))
    }
    expect([...ways.keys()]).toEqual(expect.arrayContaining(WAYS))
  })

  it('is the same whether an index finds few records or more than it may', async () => {
    for (const [state, isMany] of [
      ['CA', true],
      ['NY', false],
    ] as const) {
      const query: ListQuery = {
        ...plain(),
        properties: [{ path: ['state'], comparison: 'eq', value: state }],
        sort: { by: 'created_at', descending: true },
      }
      const plan = planOf(query)
      expect(plan).toMatchObject({ ordered: null, narrowing: { by: 'composite' } })
      const found = await everything(query, plan)
      expect(found.length > 5_000).toBe(isMany)
      expect(found).toEqual(await everything(query))
    }
  })
})

describe('a search', () => {
  const wordsOf = ({ name, properties: { note } }: Entity) =>
    `${name ?? ''} ${Array.isArray(note) ? note.join(' ') : (note ?? '')}`.toLowerCase()

  it.each([
    ['airport', (words: string) => /\bairport\b/.test(words)],
    [
      'airport airfield',
      (words: string) => /\bairport\b/.test(words) && /\bairfield\b/.test(words),
    ],
    ['san or SÃO', (words: string) => /\bsan\b|são/.test(words)],
    ['airport -san', (words: string) => /\bairport\b/.test(words) && !/\bsan\b/.test(words)],
    ['"san airport"', (words: string) => /\bsan airport\b/.test(words)],
    ['nowhere', () => false],
    ['!!!', () => false],
  ])('for %s finds what has the words, best first, in whole pages', async (search, has) => {
    const query: ListQuery = {
      ...plain(),
      search,
      sort: { by: 'rank', descending: true },
      limit: 90,
    }
    const found = await everything(query, planOf(query))
    const expected = entities.filter((each) => each.type === 'port' && has(wordsOf(each)))
    expect(found.map(({ id }) => id).sort()).toEqual(expected.map(({ id }) => id).sort())
    const { ids, positions } = await pages(query, planOf(query), 3)
    expect(ids).toEqual(found.slice(0, ids.length).map(({ id }) => id))
    const ranks = positions.flatMap((position) => (position ? [Number(position.value)] : []))
    expect(ranks).toEqual(ranks.toSorted((a, b) => b - a))
    // In another order, and with a condition more, it finds the same.
    const few = { path: ['size'], comparison: 'eq', value: 3 } as const
    const bySize: ListQuery = { ...query, sort: { by: 'name', descending: false } }
    expect((await everything(bySize, planOf(bySize))).map(({ id }) => id).sort()).toEqual(
      expected.map(({ id }) => id).sort(),
    )
    const filtered: ListQuery = { ...query, properties: [few] }
    expect(await everything(filtered, planOf(filtered))).toEqual(
      found.filter(({ properties }) => properties.size === 3),
    )
  })
})

describe('a list near a place', () => {
  const EARTH_RADIUS_M = 6_371_008.8
  const radians = (degrees: number) => (degrees * Math.PI) / 180

  /** Great-circle distance by the haversine formula, which the product does not use. */
  function distanceM({ location }: Entity, lat: number, lon: number): number {
    if (!location) return Number.POSITIVE_INFINITY
    const [dLat, dLon] = [radians(location.lat - lat), radians(location.lon - lon)]
    const h =
      Math.sin(dLat / 2) ** 2 +
      Math.cos(radians(lat)) * Math.cos(radians(location.lat)) * Math.sin(dLon / 2) ** 2
    return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(h)))
  }

  it.each([
    [37.6, -122.4, 500_000],
    [0, 179.95, 800_000],
    [12.5, -180, 2_000_000],
    [89.9, 10, 900_000],
    [-90, 0, 1_500_000],
    [45, 45, 1],
    [-33, 151, 20_000_000],
    [10, 20, null],
  ])('%d, %d within %d m is what lies there, nearest first', async (lat, lon, radiusM) => {
    const near = { lat, lon, radiusM }
    const query: ListQuery = {
      ...plain(),
      near,
      sort: { by: 'distance', descending: false },
      limit: 300,
    }
    const found = await everything(query, planOf(query))
    const ports = entities.filter(({ type }) => type === 'port')
    const expected = ports.filter((each) => {
      const distance = distanceM(each, lat, lon)
      return distance <= (radiusM ?? 1e9) && distance < 1e9
    })
    expect(new Set(found.map(({ id }) => id))).toEqual(new Set(expected.map(({ id }) => id)))
    expect(found).toHaveLength(expected.length)
    const distances = found.map((each) => distanceM(each, lat, lon))
    distances.forEach((distance, i) => {
      expect(distance).toBeGreaterThan((distances[i - 1] ?? 0) - 0.01)
    })
    // With conditions more, and in another order.
    const kind = { path: ['kind'], comparison: 'eq', value: 1 } as const
    const filtered: ListQuery = { ...query, properties: [kind], search: 'airport' }
    const byName: ListQuery = { ...filtered, sort: { by: 'name', descending: true } }
    const narrowed = await everything(filtered, planOf(filtered))
    expect((await everything(byName, planOf(byName))).map(({ id }) => id).sort()).toEqual(
      narrowed.map(({ id }) => id).sort(),
    )
    for (const { properties } of narrowed) expect(properties.kind).toBe(1)
  })
})
