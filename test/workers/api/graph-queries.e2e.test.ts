import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { JsonObject } from '../../../core/json.ts'
import { type Entity, newTenant, type Relationship, type Tenant } from '../../harness/api.ts'
import { evictObjects, withFaults } from '../../harness/faults.ts'
import { ownerSql } from '../../harness/owner-sql.ts'
import { PATIENCE } from '../../harness/patience.ts'
import { randomFrom } from '../../harness/random.ts'
import { range } from '../../harness/sequences.ts'
import { allChanges, contentsAt } from './graph-queries/contents-at.ts'
import { plain, type Query, type QueryAnswer, queriesOf } from './graph-queries/queries.ts'

const seed = Number(process.env.TENDRIL_SEED ?? Date.now() % 1_000_000)
const LEVELS = ['strong', 'session', 'bounded=1'] as const

let tenant: Tenant

beforeAll(async () => {
  tenant = await newTenant()
})

/** A graph of its own, with `count` entities named 0, 1, 2 … */
class World {
  readonly graph = `g${crypto.randomUUID().slice(0, 8)}`
  readonly ids: string[] = []
  readonly edges: string[] = []
  bookmark = ''
  /** The highest version that was acknowledged. */
  acknowledged = 0

  static async create(count: number): Promise<World> {
    const world = new World()
    await tenant.request('POST', '/graphs', { body: { name: world.graph } })
    for (const n of range(count)) await world.addEntity(n)
    return world
  }

  async send<T>(method: string, path: string, body?: unknown, headers = {}) {
    const answer = await tenant.request<T>(method, `/graphs/${this.graph}${path}`, {
      headers,
      ...(body === undefined ? {} : { body }),
    })
    return answer
  }

  async addEntity(n: number): Promise<void> {
    const body = { type: n % 3 === 0 ? 'b' : 'a', external_id: `${n}`, properties: { v: n % 5 } }
    this.ids[n] = (await this.#write<Entity>('POST', '/entities', body)).id
  }

  async addEdge(from: number, to: number, type = 'x', w?: number): Promise<void> {
    const ends = { from_id: this.ids[from], to_id: this.ids[to] }
    const body = { type, ...ends, properties: w === undefined ? {} : { w } }
    this.edges.push((await this.#write<Relationship>('POST', '/relationships', body)).id)
  }

  async remove(path: string): Promise<void> {
    await this.#write('DELETE', path)
  }

  async patch(path: string, properties: JsonObject): Promise<void> {
    await this.#write('PATCH', path, { properties })
  }

  async #write<T extends { version: number }>(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<T> {
    const answer = await this.send<T>(method, path, body)
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`)
    this.bookmark = answer.headers.get('tendril-bookmark') ?? ''
    this.acknowledged = Math.max(this.acknowledged, seqOf(this.bookmark))
    return answer.body
  }

  ask({ method, path, body }: Omit<Query, 'expected'>, headers = {}) {
    return this.send<QueryAnswer>(method, path, body, headers)
  }

  /** Waits until the isolate has the topology, which a query loads behind its answer. */
  async inMemory(query: Omit<Query, 'expected'>): Promise<void> {
    await vi.waitFor(
      async () => expect((await this.ask(query)).body.cost.engine).toBe('memory'),
      PATIENCE,
    )
  }
}

const seqOf = (bookmark: string) => Number.parseInt(bookmark.split('.').at(-1) ?? '', 36)

/** One random write; `random` gives numbers from 0 to below 1. */
async function writeSomething(world: World, random: () => number): Promise<void> {
  const below = (bound: number) => Math.floor(random() * bound)
  const dice = random()
  const edge = below(world.edges.length)
  if (dice < 0.5 || world.edges.length < 4) {
    const [from, to] = [below(world.ids.length), below(world.ids.length)]
    await world.addEdge(from, to, random() < 0.8 ? 'x' : 'y', below(5))
  } else if (dice < 0.7) {
    const [id] = world.edges.splice(edge, 1)
    await world.remove(`/relationships/${id}`)
  } else if (dice < 0.85) {
    await world.patch(`/relationships/${world.edges[edge]}`, { w: below(9) })
  } else await world.patch(`/entities/${world.ids[below(world.ids.length)]}`, { v: below(5) })
}

async function expectRight(world: World, query: Query, body: QueryAnswer): Promise<void> {
  const changes = await allChanges(tenant, world.graph)
  const expected = await query.expected(contentsAt(changes, body.cost.seq))
  expect(plain(body), JSON.stringify([query.path, query.body, body.cost])).toEqual(expected)
}

describe(`queries of a graph (seed ${seed})`, () => {
  it('are answered the same by PostgreSQL and, once it is loaded, in memory', async () => {
    const world = await World.create(8)
    const random = randomFrom(seed)
    for (const _ of range(25)) await writeSomething(world, random)
    const [one = '', other = ''] = world.ids
    for (const query of queriesOf(one, other)) {
      // The first query of a graph, and of a weight, finds nothing in memory; filters need no other.
      const first = await world.ask(query)
      expect(first.status, first.text).toBe(200)
      await expectRight(world, query, first.body)
      await world.inMemory(query)
      const { body } = await world.ask(query)
      await expectRight(world, query, body)
    }
    await world.addEdge(0, 1, 'x', 0)
    for (const query of queriesOf(one, other)) {
      const { body } = await world.ask(query, { 'tendril-bookmark': world.bookmark })
      expect(body.cost).toMatchObject({ engine: 'memory', seq: world.acknowledged })
      await expectRight(world, query, body)
    }
  })

  it('see a write at once by its bookmark, and at strong without', async () => {
    const world = await World.create(6)
    const random = randomFrom(seed + 1)
    const [one = '', other = ''] = world.ids
    const queries = queriesOf(one, other)
    for (const i of range(40)) {
      await writeSomething(world, random)
      const query = queries[i % queries.length] as Query
      const byBookmark = await world.ask(query, { 'tendril-bookmark': world.bookmark })
      const strong = await world.ask(query, { 'tendril-consistency': 'strong' })
      for (const { body, headers } of [byBookmark, strong]) {
        expect(body.cost.seq).toBeGreaterThanOrEqual(world.acknowledged)
        expect(seqOf(headers.get('tendril-bookmark') ?? '')).toBeGreaterThanOrEqual(body.cost.seq)
        await expectRight(world, query, body)
      }
    }
  })

  it('are the graph at the seq that they name, whoever writes meanwhile, at every level', async () => {
    const world = await World.create(7)
    const [one = '', other = ''] = world.ids
    const queries = queriesOf(one, other)
    const seen: { query: Query; body: QueryAnswer }[] = []
    const inMemory = () => seen.filter(({ body }) => body.cost.engine === 'memory').length
    let isDone = false
    const writers = range(2).map(async (n) => {
      const random = randomFrom(seed + 10 + n)
      // How soon the topology is loaded depends on the machine.
      for (let i = 0; i < 40 || (inMemory() <= 20 && i < 2_000); i += 1) {
        await writeSomething(world, random)
      }
      isDone = true
    })
    const readers = range(6).map(async (n) => {
      for (let i = n; !isDone; i += 1) {
        const query = queries[i % queries.length] as Query
        const level = LEVELS[i % LEVELS.length] ?? 'strong'
        const { acknowledged, bookmark } = world
        const hasBookmark = level === 'session'
        const { status, body, text } = await world.ask(query, {
          'tendril-consistency': level,
          ...(hasBookmark ? { 'tendril-bookmark': bookmark } : {}),
        })
        if (status === 503) continue
        expect(status, text).toBe(200)
        if (level === 'strong') expect(body.cost.seq).toBeGreaterThanOrEqual(acknowledged)
        if (hasBookmark) expect(body.cost.seq).toBeGreaterThanOrEqual(seqOf(bookmark))
        seen.push({ query, body })
      }
    })
    await Promise.all([...writers, ...readers])
    const changes = await allChanges(tenant, world.graph)
    for (const { query, body } of seen) {
      const expected = await query.expected(contentsAt(changes, body.cost.seq))
      expect(plain(body), JSON.stringify([query.path, query.body, body.cost])).toEqual(expected)
    }
    expect(inMemory()).toBeGreaterThan(20)
  })

  it('show records as they were at the seq of the answer', async () => {
    const world = await World.create(3)
    await world.addEdge(0, 1, 'x', 1)
    const query = {
      method: 'POST',
      path: '/traverse',
      body: { ids: [world.ids[0] ?? ''], return: 'records' },
    } as const
    await world.inMemory(query)
    await world.patch(`/entities/${world.ids[1]}`, { v: 77 })
    await world.patch(`/relationships/${world.edges[0]}`, { w: 78 })
    const { body } = await world.ask(query, { 'tendril-consistency': 'strong' })
    const { items } = body as unknown as { items: JsonObject[] }
    expect(items[1]).toMatchObject({
      entity: { external_id: '1', properties: { v: 77 } },
      via: { relationship: { id: world.edges[0], properties: { w: 78 } } },
    })
  })

  it('know nothing of what was deleted', async () => {
    const world = await World.create(4)
    for (const n of range(3)) await world.addEdge(n, n + 1)
    const query = {
      method: 'POST',
      path: '/traverse',
      body: { external_ids: ['0'], depth: 5 },
    } as const
    await world.inMemory(query)
    await world.remove(`/entities/${world.ids[2]}`)
    const { body } = await world.ask(query, { 'tendril-bookmark': world.bookmark })
    expect(body).toMatchObject({ count: 1, cost: { engine: 'memory' } })
    await world.remove(`/entities/${world.ids[0]}`)
    for (const named of [{ external_ids: ['0'] }, { ids: [world.ids[0] ?? ''] }]) {
      const gone = await world.ask({ ...query, body: named }, { 'tendril-consistency': 'strong' })
      expect(gone.status).toBe(404)
    }
  })

  it('need no database while nothing changes', async () => {
    const world = await World.create(3)
    await world.addEdge(0, 1)
    const query = {
      method: 'POST',
      path: '/traverse',
      body: { ids: [world.ids[0] ?? ''] },
    } as const
    await world.inMemory(query)
    await world.ask(query, { 'tendril-consistency': 'strong' })
    await withFaults({ cutBefore: 1 }, async () => {
      for (const level of LEVELS) {
        const { status, headers, text } = await world.ask(query, { 'tendril-consistency': level })
        expect(status, text).toBe(200)
        expect(headers.get('cache-status')).toBe('tendril-memory; hit')
      }
    })
  })

  it('forget a graph that was restored since', async () => {
    const world = await World.create(3)
    await world.addEdge(0, 1)
    const query = {
      method: 'POST',
      path: '/traverse',
      body: { ids: [world.ids[0] ?? ''] },
    } as const
    await world.inMemory(query)
    const { body: graph } = await tenant.request<{ id: string }>('GET', `/graphs/${world.graph}`)
    // As a restore does: the relationship is gone, and nothing of it is in the log.
    await ownerSql('shard', tenant.id, 'delete from relationships where graph_id = $1', [graph.id])
    await ownerSql(
      'shard',
      tenant.id,
      'update graphs set history_id = gen_random_uuid() where id = $1',
      [graph.id],
    )
    await evictObjects()
    const strong = { 'tendril-consistency': 'strong' }
    expect((await world.ask(query, strong)).body).toMatchObject({ count: 0 })
    await world.inMemory(query)
    expect((await world.ask(query, strong)).body).toMatchObject({ count: 0 })
    const old = await world.ask(query, { 'tendril-bookmark': world.bookmark })
    expect(old.status).toBe(409)
  })
})
