import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from '@upstash/redis'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { cacheLedger } from '../../../workers/cache-ledger.ts'
import { openRedis } from '../../../workers/upstash-redis.ts'
import { type Entity, newTenant, type Page, type Tenant } from '../../harness/api.ts'
import { control, setFaults, withFaults } from '../../harness/faults.ts'
import { ownStack } from '../../harness/own-stack.ts'
import { PATIENCE, patientBreaker } from '../../harness/patience.ts'

const { url, token } = ownStack().redisDatabases.cache
const ledger = cacheLedger(openRedis(url, token), patientBreaker())
const redis = new Redis({ url, token, automaticDeserialization: false })

let tenant: Tenant
let graphId: string

beforeAll(async () => {
  tenant = await newTenant()
  const { body } = await tenant.request<{ id: string }>('GET', '/graphs/default')
  graphId = body.id
})

const create = async (type = 'thing') =>
  (await tenant.request<Entity>('POST', '/entities', { body: { type, name: 'old' } })).body.id

const get = (path: string, level = 'session') =>
  tenant.request<Entity>('GET', path, { headers: { 'tendril-consistency': level } })

/** Keys of the tenant's cached values in Redis, without what leads to the value's own name. */
async function inRedis(): Promise<string[]> {
  const keys = await redis.keys(`t*:${tenant.id}:${graphId}:*`)
  return keys.map((key) => key.split(':').slice(4).join(':'))
}

describe('the job that warms the cache', () => {
  it('reads the hottest values of all kinds, so that the tiers have them', async () => {
    const [id, other] = [await create(), await create()]
    await tenant.request('POST', '/relationships', {
      body: { type: 'knows', from_id: id, to_id: other },
    })
    const list = '{"type":"thing","search":null}'
    await get(`/entities/${id}`)
    await tenant.request('GET', '/entities?type=thing')
    await tenant.request('GET', `/entities/${id}/neighbors`)
    await vi.waitFor(async () => expect(await inRedis()).toHaveLength(3), PATIENCE)
    const names = (await inRedis()).map((name) => `${tenant.id}:${graphId}:${name}`)
    const strange = [
      'no name',
      `${tenant.id}:${graphId}:list:entities:${list}`,
      `${tenant.id}:${graphId}:list:entities:{`,
      `${tenant.id}:${graphId}:entity:${crypto.randomUUID()}`,
      `${tenant.id}:${crypto.randomUUID()}:entity:${id}`,
      `${crypto.randomUUID()}:${graphId}:entity:${id}`,
    ]
    await ledger.addHits([...names, ...strange].map((name) => [name, 1_000]))
    // Another format, or other isolates: nothing of it is in the tiers.
    await tenant.request('PATCH', `/entities/${id}`, { body: { name: 'new' } })
    // Again where the worker did not wait for Redis any longer.
    await vi.waitFor(async () => {
      await control('/cron', { cron: '*/5 * * * *' })
      await withFaults({ cutBefore: 1 }, async () => {
        const { body, headers } = await get(`/entities/${id}`)
        expect(body.name).toBe('new')
        expect(headers.get('cache-status')).toBe('tendril-memory; hit')
        const found = await tenant.request<Page<Entity>>('GET', '/entities?type=thing')
        expect(found.body.items.map(({ name }) => name).sort()).toEqual(['new', 'old'])
        expect((await tenant.request('GET', `/entities/${id}/neighbors`)).status).toBe(200)
      })
    }, PATIENCE)
  })

  it('does nothing worse than nothing without Redis', async () => {
    await control('/redis-faults', { databases: ['cache'], refuse: true })
    await expect(control('/cron', { cron: '*/5 * * * *' })).rejects.toThrow()
    await control('/redis-faults', {})
    await vi.waitFor(() => control('/cron', { cron: '*/5 * * * *' }), PATIENCE)
  })
})

describe('a hot value', () => {
  it('that was changed is loaded anew behind the answer to another request', async () => {
    const [id, other] = [await create(), await create()]
    // Each time from the beginning: an isolate forgets now and then how often it was asked.
    await vi.waitFor(async () => {
      for (let i = 0; i < 5; i += 1) await get(`/entities/${id}`)
      const name = crypto.randomUUID()
      await tenant.request('PATCH', `/entities/${id}`, { body: { name } })
      // An isolate looks after its hot values once a second.
      await delay(1_100)
      // What this one reads is another value.
      await get(`/entities/${other}`)
      // What goes on behind that answer must not meet the fault.
      await delay(500)
      await setFaults({ cutBefore: 1 })
      const { status, headers, body } = await get(`/entities/${id}`, 'strong').finally(() =>
        setFaults({}),
      )
      expect([status, body.name]).toEqual([200, name])
      expect(headers.get('cache-status')).toBe('tendril-memory; hit')
    }, PATIENCE)
  })
})
