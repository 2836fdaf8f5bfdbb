import { beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../core/json.ts'
import { newTenant, type Tenant } from '../../harness/api.ts'
import { endOf, type Job } from '../../harness/jobs.ts'
import { ownerSql } from '../../harness/owner-sql.ts'
import { PATIENCE } from '../../harness/patience.ts'
import { range } from '../../harness/sequences.ts'

/** Above this no reader builds a topology. */
const MANY_EVENTS = 1_500_000
const PLACES = 300

let tenant: Tenant

beforeAll(async () => {
  tenant = await newTenant()
})

/** A ring of places in a graph of whose log the first million and a half events are gone. */
async function oldGraph(name: string): Promise<void> {
  const { body } = await tenant.request<{ id: string }>('POST', '/graphs', { body: { name } })
  await ownerSql(
    'shard',
    tenant.id,
    'update graphs set seq = $2, floor_seq = $2 where tenant_id = $3 and id = $1',
    [body.id, MANY_EVENTS, tenant.id],
  )
  await tenant.request('POST', `/graphs/${name}/batch`, {
    body: {
      commands: [
        ...range(PLACES).map((n) => ({
          ...{ action: 'create_entity', type: 'place', external_id: `${n}` },
        })),
        ...range(PLACES).map((n) => road(n, (n + 1) % PLACES, n)),
      ],
    },
  })
}

function road(from: number, to: number, miles: number): JsonObject {
  const ends = { from_external_id: `${from}`, to_external_id: `${to}` }
  return { action: 'create_relationship', type: 'road', ...ends, properties: { miles } }
}

const traverse = (name: string) =>
  tenant.request<{ count: number; cost: { engine: string; seq: number } }>(
    'POST',
    `/graphs/${name}/traverse`,
    { body: { external_ids: ['0'], depth: 10, return: 'count' } },
  )

async function untilInMemory(name: string) {
  for (;;) {
    const { status, body } = await traverse(name)
    expect(status).toBe(200)
    if (body.cost.engine === 'memory') return body
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

async function topologyJobs(name: string): Promise<readonly Job[]> {
  const path = `/jobs?kind=topology&graph=${name}`
  return (await tenant.request<{ items: Job[] }>('GET', path)).body.items
}

describe('a graph that is too large for its readers to build its topology', () => {
  it('has it built by one job, and is searched in memory from then on', async () => {
    await oldGraph('old')
    const answers = await Promise.all(range(10).map(() => traverse('old')))
    for (const { body } of answers) {
      expect(body).toMatchObject({ count: 10, cost: { engine: 'sql' } })
    }
    await expect.poll(() => topologyJobs('old'), PATIENCE).toHaveLength(1)
    const [job] = await topologyJobs('old')
    expect(job).toMatchObject({ created_by: 'system', priority: 'low', graph: 'old' })
    const ended = await endOf(tenant, job?.id ?? '')
    expect(ended).toMatchObject({
      ...{ state: 'succeeded', error: null, files: [] },
      result: { seq: MANY_EVENTS + 2 * PLACES, records: 2 * PLACES },
    })
    const inMemory = await untilInMemory('old')
    expect(inMemory).toMatchObject({ count: 10, cost: { seq: MANY_EVENTS + 2 * PLACES } })
    expect(await topologyJobs('old')).toHaveLength(1)
  })

  it('has another one built for each property that paths are weighed by', async () => {
    await oldGraph('weighed')
    const cheapest = () =>
      tenant.request<{ paths: { weight: number }[]; cost: { engine: string } }>(
        'POST',
        '/graphs/weighed/paths',
        { body: { from_external_id: '1', to_external_id: '4', weight: 'properties.miles' } },
      )
    expect((await cheapest()).body).toMatchObject({
      ...{ paths: [{ weight: 1 + 2 + 3 }], cost: { engine: 'sql' } },
    })
    await expect.poll(() => topologyJobs('weighed'), PATIENCE).toHaveLength(1)
    const [job] = await topologyJobs('weighed')
    const ended = await endOf(tenant, job?.id ?? '')
    expect(ended).toMatchObject({ state: 'succeeded', result: { records: 2 * PLACES } })
    await expect
      .poll(async () => (await cheapest()).body, PATIENCE)
      .toMatchObject({ paths: [{ weight: 1 + 2 + 3 }], cost: { engine: 'memory' } })
    await traverse('weighed')
    await expect.poll(() => topologyJobs('weighed'), PATIENCE).toHaveLength(2)
  })
})
