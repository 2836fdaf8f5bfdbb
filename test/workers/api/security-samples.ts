import type { Permission } from '../../../core/auth/permissions.ts'
import type { Entity, Relationship, Tenant } from '../../harness/api.ts'
import { endOf, type Job } from '../../harness/jobs.ts'
import { ownerSql } from '../../harness/owner-sql.ts'

/** What a sample may name: records of a graph that only their tenant has. */
export type Fixture = {
  readonly tenant: Tenant
  readonly graph: string
  readonly from: Entity
  readonly to: Entity
  readonly relationship: Relationship
}

export type SampleRequest = {
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A request that is valid in every way, so that nothing but the credential can be refused. */
export type Sample = {
  readonly permission: Permission
  /** Only the operator's tenant may: the tenant of the sample is made that. */
  readonly isOperators?: true
  readonly request: (fixture: Fixture) => SampleRequest | Promise<SampleRequest>
}

const read = (request: Sample['request']): Sample => ({ permission: 'graph.read', request })
const write = (request: Sample['request']): Sample => ({ permission: 'graph.write', request })

const operate = (request: Sample['request']): Sample => ({
  permission: 'invitations.manage',
  isOperators: true,
  request,
})

const inGraph = ({ graph }: Fixture, path: string) => `/graphs/${graph}${path}`
const unique = () => `x${crypto.randomUUID().slice(0, 8)}`

const manage = (request: Sample['request']): Sample => ({ permission: 'consumers.manage', request })

/** A new graph whose log the consumer `statistics` has begun to read, and its place on the shard. */
async function graphInUse({ tenant }: Fixture) {
  const name = unique()
  const { body } = await tenant.request<{ id: string }>('POST', '/graphs', { body: { name } })
  await tenant.request('POST', `/graphs/${name}/entities`, { body: { type: 'host' } })
  await ownerSql(
    'shard',
    tenant.id,
    `insert into checkpoints (tenant_id, graph_id, consumer, history_id, seq, updated_at)
      select tenant_id, id, 'statistics', history_id, 0, now() from graphs where id = $1
      on conflict do nothing`,
    [body.id],
  )
  return { name, id: body.id }
}

/** The path of an event that was set aside. */
async function parkedEvent(fixture: Fixture): Promise<string> {
  const { name, id } = await graphInUse(fixture)
  await ownerSql(
    'shard',
    fixture.tenant.id,
    `insert into parked_events select tenant_id, id, 'statistics', history_id, 1, 'a test', 1, now()
      from graphs where id = $1`,
    [id],
  )
  return `/graphs/${name}/consumers/statistics/parked-events/1`
}

/** The path of a message that failed for good. */
async function deadLetter(fixture: Fixture): Promise<string> {
  const { name, id } = await graphInUse(fixture)
  await ownerSql(
    'shard',
    fixture.tenant.id,
    `insert into dead_letters select tenant_id, id, 'message-1', 'tendril-log', jsonb_build_object(
        'v', 1, 'tenant_id', tenant_id, 'graph_id', id, 'shard_id', 'shard-1', 'epoch', epoch,
        'consumer', null, 'replay', null), 'a test', 6, now()
      from graphs where id = $1`,
    [id],
  )
  return `/graphs/${name}/dead-letters/message-1`
}

/** The path of a replay that will be running for long. */
async function runningReplay(fixture: Fixture): Promise<string> {
  const { name, id } = await graphInUse(fixture)
  const [row] = await ownerSql(
    'shard',
    fixture.tenant.id,
    `insert into replays (tenant_id, graph_id, id, consumer, history_id, state, from_seq, seq,
        generation, not_before, created_at, updated_at)
      select tenant_id, id, gen_random_uuid(), 'statistics', history_id, 'running', 1, 0, 2,
        now() + interval '1 hour', now(), now() from graphs where id = $1 returning id`,
    [id],
  )
  return `/graphs/${name}/replays/${row?.id}`
}

/** One for every route that needs a credential, by method and path as OpenAPI has them. */
export const SAMPLES: Readonly<Record<string, Sample>> = {
  'GET /api/v1/keys': { permission: 'keys.manage', request: () => ({ path: '/keys' }) },
  'POST /api/v1/keys': {
    permission: 'keys.manage',
    request: () => ({ path: '/keys', body: { name: 'Another', role: 'reader' } }),
  },
  'DELETE /api/v1/keys/{id}': {
    permission: 'keys.manage',
    request: async ({ tenant }) => ({ path: `/keys/${(await tenant.apiKey('reader')).id}` }),
  },
  'GET /api/v1/cache/statistics': {
    permission: 'cache.manage',
    request: () => ({ path: '/cache/statistics' }),
  },
  'POST /api/v1/cache/purge': {
    permission: 'cache.manage',
    request: ({ graph }) => ({ path: '/cache/purge', body: { graph, key: 'entity:any' } }),
  },
  'POST /api/v1/graphs/{graph}/erasures': {
    permission: 'history.erase',
    request: async (fixture) => {
      const { tenant } = fixture
      const created = await tenant.request<Entity>('POST', inGraph(fixture, '/entities'), {
        body: { type: 'host' },
      })
      await tenant.request('DELETE', inGraph(fixture, `/entities/${created.body.id}`))
      return { path: inGraph(fixture, '/erasures'), body: { entities: [created.body.id] } }
    },
  },
  'GET /api/v1/invitations': operate(() => ({ path: '/invitations' })),
  'POST /api/v1/invitations': operate(() => ({
    path: '/invitations',
    body: { email: `${unique()}@example.com` },
  })),
  'DELETE /api/v1/invitations/{id}': operate(async ({ tenant }) => {
    const { body } = await tenant.request<{ id: string }>('POST', '/invitations', { body: {} })
    return { path: `/invitations/${body.id}` }
  }),
  'GET /api/v1/graphs': read(() => ({ path: '/graphs' })),
  'POST /api/v1/graphs': {
    permission: 'graphs.manage',
    request: () => ({ path: '/graphs', body: { name: unique() } }),
  },
  'GET /api/v1/graphs/{graph}': read((fixture) => ({ path: inGraph(fixture, '') })),
  'DELETE /api/v1/graphs/{graph}': {
    permission: 'graphs.manage',
    async request({ tenant }) {
      const name = unique()
      await tenant.request('POST', '/graphs', { body: { name } })
      return { path: `/graphs/${name}` }
    },
  },
  'GET /api/v1/graphs/{graph}/types': read((fixture) => ({ path: inGraph(fixture, '/types') })),
  'POST /api/v1/graphs/{graph}/types': {
    permission: 'graph.define',
    request: (fixture) => ({
      path: inGraph(fixture, '/types'),
      body: { kind: 'entity', name: unique(), json_schema: { type: 'object' } },
    }),
  },
  'GET /api/v1/graphs/{graph}/types/{kind}/{name}': read(async (fixture) => {
    const name = unique()
    await fixture.tenant.request('POST', inGraph(fixture, '/types'), {
      body: { kind: 'entity', name, json_schema: {} },
    })
    return { path: inGraph(fixture, `/types/entity/${name}`) }
  }),
  'PUT /api/v1/graphs/{graph}/types/{kind}/{name}': {
    permission: 'graph.define',
    request: (fixture) => ({
      path: inGraph(fixture, `/types/entity/${unique()}`),
      body: { json_schema: { type: 'object' } },
    }),
  },
  'DELETE /api/v1/graphs/{graph}/types/{kind}/{name}': {
    permission: 'graph.define',
    async request(fixture) {
      const name = unique()
      await fixture.tenant.request('POST', inGraph(fixture, '/types'), {
        body: { kind: 'entity', name, json_schema: {} },
      })
      return { path: inGraph(fixture, `/types/entity/${name}`) }
    },
  },
  'GET /api/v1/graphs/{graph}/entities': read((fixture) => ({
    path: inGraph(fixture, '/entities?type=host'),
  })),
  'POST /api/v1/graphs/{graph}/entities': write((fixture) => ({
    path: inGraph(fixture, '/entities'),
    body: { type: 'host', name: 'Another' },
  })),
  'POST /api/v1/graphs/{graph}/entities/lookup': read((fixture) => ({
    path: inGraph(fixture, '/entities/lookup'),
    body: { ids: [fixture.from.id] },
  })),
  'GET /api/v1/graphs/{graph}/entities/{id}': read((fixture) => ({
    path: inGraph(fixture, `/entities/${fixture.from.id}`),
  })),
  'PATCH /api/v1/graphs/{graph}/entities/{id}': write((fixture) => ({
    path: inGraph(fixture, `/entities/${fixture.from.id}`),
    body: { properties: { changed: unique() } },
  })),
  'DELETE /api/v1/graphs/{graph}/entities/{id}': write(async (fixture) => {
    const { body } = await fixture.tenant.request<Entity>('POST', inGraph(fixture, '/entities'), {
      body: { type: 'host' },
    })
    return { path: inGraph(fixture, `/entities/${body.id}`) }
  }),
  'GET /api/v1/graphs/{graph}/entities/{id}/neighbors': read((fixture) => ({
    path: inGraph(fixture, `/entities/${fixture.from.id}/neighbors`),
  })),
  'GET /api/v1/graphs/{graph}/entities/{id}/component': read((fixture) => ({
    path: inGraph(fixture, `/entities/${fixture.from.id}/component`),
  })),
  'GET /api/v1/graphs/{graph}/entities/{id}/degree': read((fixture) => ({
    path: inGraph(fixture, `/entities/${fixture.from.id}/degree`),
  })),
  'POST /api/v1/graphs/{graph}/traverse': read((fixture) => ({
    path: inGraph(fixture, '/traverse'),
    body: { ids: [fixture.from.id] },
  })),
  'POST /api/v1/graphs/{graph}/subgraph': read((fixture) => ({
    path: inGraph(fixture, '/subgraph'),
    body: { ids: [fixture.from.id] },
  })),
  'POST /api/v1/graphs/{graph}/paths': read((fixture) => ({
    path: inGraph(fixture, '/paths'),
    body: { from_id: fixture.from.id, to_id: fixture.to.id },
  })),
  'POST /api/v1/graphs/{graph}/common-neighbors': read((fixture) => ({
    path: inGraph(fixture, '/common-neighbors'),
    body: { ids: [fixture.from.id, fixture.to.id] },
  })),
  'POST /api/v1/graphs/{graph}/pagerank': read((fixture) => ({
    path: inGraph(fixture, '/pagerank'),
    body: { max_iterations: 1 },
  })),
  'POST /api/v1/graphs/{graph}/components': read((fixture) => ({
    path: inGraph(fixture, '/components'),
    body: {},
  })),
  'GET /api/v1/graphs/{graph}/relationships': read((fixture) => ({
    path: inGraph(fixture, `/relationships?from_id=${fixture.from.id}`),
  })),
  'POST /api/v1/graphs/{graph}/relationships': write((fixture) => ({
    path: inGraph(fixture, '/relationships'),
    body: { type: 'trusts', from_id: fixture.from.id, to_id: fixture.to.id },
  })),
  'POST /api/v1/graphs/{graph}/relationships/lookup': read((fixture) => ({
    path: inGraph(fixture, '/relationships/lookup'),
    body: { ids: [fixture.relationship.id] },
  })),
  'GET /api/v1/graphs/{graph}/relationships/{id}': read((fixture) => ({
    path: inGraph(fixture, `/relationships/${fixture.relationship.id}`),
  })),
  'PATCH /api/v1/graphs/{graph}/relationships/{id}': write((fixture) => ({
    path: inGraph(fixture, `/relationships/${fixture.relationship.id}`),
    body: { properties: { changed: unique() } },
  })),
  'DELETE /api/v1/graphs/{graph}/relationships/{id}': write(async (fixture) => {
    const { body } = await fixture.tenant.request<Relationship>(
      'POST',
      inGraph(fixture, '/relationships'),
      { body: { type: 'trusts', from_id: fixture.from.id, to_id: fixture.to.id } },
    )
    return { path: inGraph(fixture, `/relationships/${body.id}`) }
  }),
  'POST /api/v1/graphs/{graph}/batch': write((fixture) => ({
    path: inGraph(fixture, '/batch'),
    body: { commands: [{ action: 'create_entity', type: 'host' }] },
  })),
  'GET /api/v1/graphs/{graph}/changes': read((fixture) => ({
    path: inGraph(fixture, '/changes'),
  })),
  'GET /api/v1/graphs/{graph}/derived/{key}': read(async (fixture) => {
    const path = inGraph(fixture, `/derived/${unique()}`)
    await fixture.tenant.request('PUT', path, await derived(fixture))
    return { path }
  }),
  'PUT /api/v1/graphs/{graph}/derived/{key}': write(async (fixture) => ({
    path: inGraph(fixture, `/derived/${unique()}`),
    ...(await derived(fixture)),
  })),
  'DELETE /api/v1/graphs/{graph}/derived/{key}': write((fixture) => ({
    path: inGraph(fixture, `/derived/${unique()}`),
  })),
  'POST /api/v1/graphs/{graph}/import': write((fixture) => ({
    path: inGraph(fixture, '/import'),
    body: JSON.stringify({ kind: 'entity', type: 'host', external_id: unique() }),
    headers: { 'content-type': 'application/x-ndjson' },
  })),
  'GET /api/v1/graphs/{graph}/export': read((fixture) => ({ path: inGraph(fixture, '/export') })),
  'GET /api/v1/dashboard': read(() => ({ path: '/dashboard' })),
  'GET /api/v1/graphs/{graph}/statistics': read((fixture) => ({
    path: inGraph(fixture, '/statistics'),
  })),
  'GET /api/v1/consumers': read(() => ({ path: '/consumers' })),
  'GET /api/v1/graphs/{graph}/consumers': read((fixture) => ({
    path: inGraph(fixture, '/consumers'),
  })),
  'GET /api/v1/graphs/{graph}/consumers/{consumer}/parked-events': manage((fixture) => ({
    path: inGraph(fixture, '/consumers/statistics/parked-events'),
  })),
  'POST /api/v1/graphs/{graph}/consumers/{consumer}/parked-events/{seq}/retry': manage(
    async (fixture) => ({ path: `${await parkedEvent(fixture)}/retry`, body: {} }),
  ),
  'DELETE /api/v1/graphs/{graph}/consumers/{consumer}/parked-events/{seq}': manage(
    async (fixture) => ({ path: await parkedEvent(fixture) }),
  ),
  'GET /api/v1/graphs/{graph}/dead-letters': manage((fixture) => ({
    path: inGraph(fixture, '/dead-letters'),
  })),
  'GET /api/v1/graphs/{graph}/dead-letters/{id}': manage(async (fixture) => ({
    path: await deadLetter(fixture),
  })),
  'POST /api/v1/graphs/{graph}/dead-letters/{id}/replay': manage(async (fixture) => ({
    path: `${await deadLetter(fixture)}/replay`,
    body: {},
  })),
  'DELETE /api/v1/graphs/{graph}/dead-letters/{id}': manage(async (fixture) => ({
    path: await deadLetter(fixture),
  })),
  'POST /api/v1/graphs/{graph}/consumers/{consumer}/replays': manage(async (fixture) => ({
    path: `/graphs/${(await graphInUse(fixture)).name}/consumers/statistics/replays`,
    body: { events_per_second: 100 },
  })),
  'POST /api/v1/consumers/{consumer}/replays': manage(() => ({
    path: '/consumers/statistics/replays',
    body: {},
  })),
  'GET /api/v1/graphs/{graph}/replays': manage((fixture) => ({
    path: inGraph(fixture, '/replays'),
  })),
  'GET /api/v1/graphs/{graph}/replays/{id}': manage(async (fixture) => ({
    path: await runningReplay(fixture),
  })),
  'DELETE /api/v1/graphs/{graph}/replays/{id}': manage(async (fixture) => ({
    path: await runningReplay(fixture),
  })),
  'POST /api/v1/graphs/{graph}/export': read((fixture) => ({ path: inGraph(fixture, '/export') })),
  'GET /api/v1/jobs': read(() => ({ path: '/jobs' })),
  'GET /api/v1/jobs/{id}': read(async (fixture) => ({ path: `/jobs/${await endedJob(fixture)}` })),
  'POST /api/v1/jobs/{id}/cancel': read(async (fixture) => ({
    path: `/jobs/${await cancelledJob(fixture)}/cancel`,
  })),
  'POST /api/v1/jobs/{id}/retry': read(async (fixture) => ({
    path: `/jobs/${await cancelledJob(fixture)}/retry`,
  })),
  'DELETE /api/v1/jobs/{id}': read(async (fixture) => ({
    path: `/jobs/${await endedJob(fixture)}`,
  })),
}

/** An export, for which a reader's rights are enough. */
async function endedJob({ tenant, graph }: Fixture): Promise<string> {
  const { body } = await tenant.request<Job>('POST', `/graphs/${graph}/export`)
  return (await endOf(tenant, body.id)).id
}

/** One that was cancelled before its end: should it have ended before, another one is. */
async function cancelledJob({ tenant, graph }: Fixture): Promise<string> {
  for (;;) {
    const { body } = await tenant.request<Job>('POST', `/graphs/${graph}/export`)
    const { status } = await tenant.request('POST', `/jobs/${body.id}/cancel`)
    if (status === 200) return body.id
  }
}

/** A value that depends on nothing that changes meanwhile, with the bookmark it needs. */
async function derived({ tenant, graph, from }: Fixture) {
  const { headers } = await tenant.request('GET', `/graphs/${graph}/entities/${from.id}`, {
    headers: { 'tendril-consistency': 'strong' },
  })
  return {
    body: { value: { score: 1 }, depends_on: { types: ['unknown'] } },
    headers: { 'tendril-bookmark': headers.get('tendril-bookmark') ?? '' },
  }
}

/** A graph, two entities and a relationship of a tenant. */
export async function fixtureOf(tenant: Tenant): Promise<Fixture> {
  const graph = unique()
  await tenant.request('POST', '/graphs', { body: { name: graph } })
  const create = async <T>(path: string, body: unknown) =>
    (await tenant.request<T>('POST', `/graphs/${graph}${path}`, { body })).body
  const from = await create<Entity>('/entities', { type: 'host', external_id: 'from' })
  const to = await create<Entity>('/entities', { type: 'host', external_id: 'to' })
  const relationship = await create<Relationship>('/relationships', {
    type: 'trusts',
    from_id: from.id,
    to_id: to.id,
  })
  return { tenant, graph, from, to, relationship }
}
