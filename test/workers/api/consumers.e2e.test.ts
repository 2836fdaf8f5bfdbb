import { beforeAll, describe, expect, it, vi } from 'vitest'
import { type Entity, newTenant, type Page, type Tenant } from '../../harness/api.ts'
import { control } from '../../harness/faults.ts'
import { ownerSql } from '../../harness/owner-sql.ts'
import { PATIENCE } from '../../harness/patience.ts'
import { range } from '../../harness/sequences.ts'

let tenant: Tenant

beforeAll(async () => {
  tenant = await newTenant()
})

type GraphConsumer = {
  readonly name: string
  readonly seq: number
  readonly head: number
  readonly lag: number
  readonly lag_seconds: number
  readonly generation: number
  readonly parked: number
}
type ConsumerLag = {
  readonly name: string
  readonly graphs: number
  readonly behind: number
  readonly lag: number
  readonly parked: number
}
type Statistics = {
  readonly entities: number
  readonly relationships: number
  readonly types: number
  readonly events: number
  readonly storage: { readonly record_bytes: number; readonly log_bytes: number }
  readonly uncounted_events: number
  readonly entity_types: readonly { type: string; count: number; bytes: number }[]
  readonly relationship_types: readonly { type: string; count: number; bytes: number }[]
  readonly activity: readonly { created: number; updated: number; deleted: number; other: number }[]
}
type Dashboard = Statistics & { readonly graphs: readonly { name: string; entities: number }[] }

async function newGraph(): Promise<string> {
  const name = `g${crypto.randomUUID().slice(0, 8)}`
  await tenant.request('POST', '/graphs', { body: { name } })
  return name
}

async function consumerOf(graph: string): Promise<GraphConsumer> {
  const path = `/graphs/${graph}/consumers`
  const { body } = await tenant.request<Page<GraphConsumer>>('GET', path)
  const consumer = body.items.find(({ name }) => name === 'statistics')
  if (!consumer) throw new Error('there is no such consumer')
  return consumer
}

/** Waits until the queue has brought the consumer to the head of the log. */
async function untilRead(graph: string): Promise<GraphConsumer> {
  return vi.waitFor(async () => {
    const consumer = await consumerOf(graph)
    expect([consumer.lag, consumer.head > 0]).toEqual([0, true])
    return consumer
  }, PATIENCE)
}

const statisticsOf = async (graph: string) =>
  (await tenant.request<Statistics>('GET', `/graphs/${graph}/statistics`)).body

describe('what is written', () => {
  it('is counted, 1,000 events through the real queue, while they are written', async () => {
    const graph = await newGraph()
    const lanes = range(10).map(async () => {
      for (const batch of range(10)) {
        const commands = range(10).map((n) => ({
          action: 'create_entity',
          type: n % 2 === 0 ? 'even' : 'odd',
          name: `näme ${batch}`,
          properties: { n },
        }))
        await tenant.request('POST', `/graphs/${graph}/batch`, { body: { commands } })
      }
    })
    await Promise.all(lanes)
    expect(await untilRead(graph)).toMatchObject({ head: 1_000, seq: 1_000, parked: 0 })
    const counted = await statisticsOf(graph)
    const bytes = 500 * new TextEncoder().encode('näme 0{"n": 0}').length
    expect(counted).toMatchObject({
      entities: 1_000,
      relationships: 0,
      events: 1_000,
      uncounted_events: 0,
      entity_types: [
        { type: 'even', count: 500, bytes },
        { type: 'odd', count: 500, bytes },
      ],
    })
    expect(counted.storage.record_bytes).toBe(2 * bytes)
    expect(counted.activity.reduce((sum, { created }) => sum + created, 0)).toBe(1_000)
  })

  it('is counted as it changes and goes, relationships and types too', async () => {
    const graph = await newGraph()
    const create = async (body: object) =>
      (await tenant.request<Entity>('POST', `/graphs/${graph}/entities`, { body })).body
    const from = await create({ type: 'host' })
    const to = await create({ type: 'host', name: 'Long' })
    await tenant.request('POST', `/graphs/${graph}/relationships`, {
      body: { type: 'trusts', from_id: from.id, to_id: to.id },
    })
    await tenant.request('POST', `/graphs/${graph}/types`, {
      body: { kind: 'entity', name: 'host', json_schema: {} },
    })
    await untilRead(graph)
    expect(await statisticsOf(graph)).toMatchObject({ entities: 2, relationships: 1, types: 1 })
    await tenant.request('PATCH', `/graphs/${graph}/entities/${to.id}`, { body: { name: 'L' } })
    await tenant.request('DELETE', `/graphs/${graph}/entities/${from.id}`)
    await untilRead(graph)
    const counted = await statisticsOf(graph)
    expect(counted).toMatchObject({
      entities: 1,
      relationships: 0,
      types: 1,
      events: 7,
      entity_types: [{ type: 'host', count: 1, bytes: 'L{}'.length }],
      relationship_types: [],
    })
    const activity = counted.activity.reduce(
      (sum, each) => [
        (sum[0] ?? 0) + each.created,
        (sum[1] ?? 0) + each.updated,
        (sum[2] ?? 0) + each.deleted,
        (sum[3] ?? 0) + each.other,
      ],
      [0, 0, 0, 0],
    )
    expect(activity).toEqual([3, 1, 2, 1])
  })

  it('of all graphs is on the dashboard, and nobody else’s', async () => {
    const other = await newTenant()
    await other.request('POST', '/entities', { body: { type: 'secret' } })
    const graph = await newGraph()
    await tenant.request('POST', `/graphs/${graph}/entities`, { body: { type: 'seen' } })
    await untilRead(graph)
    const { body } = await tenant.request<Dashboard>('GET', '/dashboard')
    expect(body.graphs.find(({ name }) => name === graph)).toMatchObject({ entities: 1 })
    expect(body.entities).toBe(body.graphs.reduce((sum, { entities }) => sum + entities, 0))
    expect(body.entity_types.map(({ type }) => type)).toContain('seen')
    expect(body.entity_types.map(({ type }) => type)).not.toContain('secret')
  })
})

describe('the lag of a consumer', () => {
  it('is a number that one can ask for, and a sweep brings it to nothing', async () => {
    const graph = await newGraph()
    await tenant.request('POST', `/graphs/${graph}/entities`, { body: { type: 'host' } })
    await untilRead(graph)
    // As if the pointer to the last event had been lost, some time ago.
    await ownerSql(
      'shard',
      tenant.id,
      `with c as (
        update checkpoints c set seq = 0, updated_at = now() - interval '1 hour' from graphs g
        where c.graph_id = g.id and g.tenant_id = $1 and g.seq = 1
          and c.seq = 1 returning c.graph_id
      ) delete from graph_statistics s using c where s.graph_id = c.graph_id`,
      [tenant.id],
    )
    expect(await consumerOf(graph)).toMatchObject({ seq: 0, head: 1, lag: 1 })
    const { body } = await tenant.request<Page<ConsumerLag>>('GET', '/consumers')
    const [statistics] = body.items
    expect(statistics?.lag).toBeGreaterThan(0)
    expect(statistics?.behind).toBeGreaterThan(0)
    await control('/cron', { cron: '* * * * *' })
    await untilRead(graph)
    expect((await statisticsOf(graph)).entities).toBe(1)
  })
})

type Replay = { readonly id: string; readonly state: string; readonly seq: number }

describe('a replay', () => {
  it('rebuilds what was counted wrong', async () => {
    const graph = await newGraph()
    const commands = range(30).map(() => ({ action: 'create_entity', type: 'host' }))
    await tenant.request('POST', `/graphs/${graph}/batch`, { body: { commands } })
    const { generation } = await untilRead(graph)
    await ownerSql(
      'shard',
      tenant.id,
      `update graph_statistics set count = 1000 where kind = 'entity' and count = 30`,
    )
    expect((await statisticsOf(graph)).entities).toBe(1_000)
    const begun = await tenant.request<Replay>(
      'POST',
      `/graphs/${graph}/consumers/statistics/replays`,
      { body: {} },
    )
    expect([begun.status, begun.body.state]).toEqual([202, 'running'])
    const location = String(begun.headers.get('location')).replace('/api/v1', '')
    await vi.waitFor(async () => {
      const { body } = await tenant.request<Replay>('GET', location)
      expect([body.state, body.seq]).toEqual(['done', 30])
    }, PATIENCE)
    expect((await statisticsOf(graph)).entities).toBe(30)
    expect((await consumerOf(graph)).generation).toBeGreaterThan(generation)
    const listed = await tenant.request<Page<Replay>>('GET', `/graphs/${graph}/replays`)
    expect(listed.body.items.map(({ id }) => id)).toEqual([begun.body.id])
  })

  it('of a log whose beginning is no longer kept begins with what the graph held then', async () => {
    const graph = await newGraph()
    for (const type of ['host', 'host', 'user']) {
      await tenant.request('POST', `/graphs/${graph}/entities`, { body: { type, name: 'ü' } })
    }
    await untilRead(graph)
    const counted = await statisticsOf(graph)
    // What retention does to old months.
    await ownerSql(
      'shard',
      tenant.id,
      `with dropped as (
        update graphs set floor_seq = 2 where tenant_id = $1 and id = (
          select id from graphs where tenant_id = $1 order by created_at desc limit 1) returning id
      ), gone as (
        delete from events v using dropped d where v.graph_id = d.id and v.seq <= 2
      )
      update graph_statistics s set count = 1000 from dropped d where s.graph_id = d.id`,
      [tenant.id],
    )
    expect((await statisticsOf(graph)).entities).toBe(2_000)
    const path = `/graphs/${graph}/consumers/statistics/replays`
    const begun = await tenant.request<Replay>('POST', path, { body: {} })
    expect(begun.status).toBe(202)
    await vi.waitFor(
      async () => {
        const { body } = await tenant.request<Replay>(
          'GET',
          `/graphs/${graph}/replays/${begun.body.id}`,
        )
        expect([body.state, body.seq]).toEqual(['done', 3])
      },
      { timeout: 60_000, interval: 200 },
    )
    const { storage, ...rest } = await statisticsOf(graph)
    const { storage: before, activity: _, ...expected } = counted
    expect(rest).toMatchObject(expected)
    expect(storage.record_bytes).toBe(before.record_bytes)
    // Of the log, what is kept.
    expect(storage.log_bytes).toBeLessThan(before.log_bytes)
  })

  it('of a part makes no sense for what counts the whole, and says so', async () => {
    const graph = await newGraph()
    const path = `/graphs/${graph}/consumers/statistics/replays`
    const part = { body: { from_seq: 5, to_seq: 3 } }
    const { status, body } = await tenant.request('POST', path, part)
    expect([status, body.errors?.map(({ pointer }) => pointer).sort()]).toEqual([
      422,
      ['/from_seq', '/to_seq', '/to_seq'],
    ])
    expect((await tenant.request('POST', path, { body: {} })).status).toBe(409)
    const unknown = `/graphs/${graph}/consumers/nobody/replays`
    expect((await tenant.request('POST', unknown, { body: {} })).status).toBe(404)
  })
})

describe('what failed', () => {
  it('an event is listed with its reason, and taken when it can be', async () => {
    const graph = await newGraph()
    await tenant.request('POST', `/graphs/${graph}/entities`, { body: { type: 'odd-one' } })
    await untilRead(graph)
    // As an event of a newer release would have been.
    await ownerSql(
      'shard',
      tenant.id,
      `with e as (
        update events set schema_version = 9 where tenant_id = $1 and type = 'odd-one'
        returning graph_id, seq
      ), gone as (
        delete from graph_statistics s using e where s.graph_id = e.graph_id
      )
      insert into parked_events select c.tenant_id, c.graph_id, c.consumer, c.history_id, e.seq,
        'a form of tomorrow', 1, now() from e join checkpoints c on c.graph_id = e.graph_id`,
      [tenant.id],
    )
    const parked = `/graphs/${graph}/consumers/statistics/parked-events`
    const list = async () =>
      (await tenant.request<Page<{ seq: number; reason: string }>>('GET', parked)).body.items
    expect(await list()).toMatchObject([{ seq: 1, reason: 'a form of tomorrow' }])
    const refused = await tenant.request('POST', `${parked}/1/retry`, { body: {} })
    expect([refused.status, refused.body.detail]).toEqual([
      409,
      expect.stringContaining('entity.created has no form 9'),
    ])
    await ownerSql(
      'shard',
      tenant.id,
      'update events set schema_version = null where tenant_id = $1',
      [tenant.id],
    )
    expect((await tenant.request('POST', `${parked}/1/retry`, { body: {} })).status).toBe(204)
    expect(await list()).toEqual([])
    expect((await statisticsOf(graph)).entities).toBe(1)
    expect((await tenant.request('DELETE', `${parked}/1`)).status).toBe(404)
  })

  it('a message is listed with its reason, and sent again', async () => {
    const graph = await newGraph()
    await tenant.request('POST', `/graphs/${graph}/entities`, { body: { type: 'host' } })
    await untilRead(graph)
    await ownerSql(
      'shard',
      tenant.id,
      `insert into dead_letters select tenant_id, graph_id, 'm' || n, 'tendril-log',
          case when n = 3 then '{"v": 9}' else jsonb_build_object('v', 1, 'tenant_id', tenant_id,
            'graph_id', graph_id, 'shard_id', 'shard-1', 'epoch', 1, 'consumer', null, 'replay', null) end,
          'the database did not answer', 6, now() + n * interval '1 second'
        from generate_series(1, 3) as n, checkpoints
        where tenant_id = $1 and seq = 1 and consumer = 'statistics'
          and graph_id = (select id from graphs where tenant_id = $1 order by created_at desc limit 1)`,
      [tenant.id],
    )
    const path = `/graphs/${graph}/dead-letters`
    const page = await tenant.request<Page<{ id: string; reason: string }>>(
      'GET',
      `${path}?limit=2`,
    )
    expect(page.body.items.map(({ id }) => id)).toEqual(['m3', 'm2'])
    const rest = await tenant.request<Page<{ id: string }>>(
      'GET',
      `${path}?limit=2&cursor=${page.body.next}`,
    )
    expect(rest.body.items.map(({ id }) => id)).toEqual(['m1'])
    expect((await tenant.request('POST', `${path}/m1/replay`, { body: {} })).status).toBe(204)
    expect((await tenant.request('GET', `${path}/m1`)).status).toBe(404)
    const odd = await tenant.request('POST', `${path}/m3/replay`, { body: {} })
    expect([odd.status, odd.body.code]).toEqual([409, 'conflict'])
    expect((await tenant.request('DELETE', `${path}/m3`)).status).toBe(204)
    expect((await tenant.request<Page<object>>('GET', path)).body.items).toHaveLength(1)
  })
})
