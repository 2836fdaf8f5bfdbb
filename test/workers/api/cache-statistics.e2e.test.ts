import { beforeAll, describe, expect, it, vi } from 'vitest'
import { type Entity, newTenant, type Tenant } from '../../harness/api.ts'
import { PATIENCE } from '../../harness/patience.ts'
import { withRedisFaults } from '../../harness/redis-faults.ts'

type Statistics = {
  readonly scope: string
  readonly from: string | null
  readonly reads: number
  readonly hit_rate: number
  readonly loads: number
  readonly loads_saved: number
  readonly tiers: Record<string, { hits: number; misses: number; kinds: Record<string, object> }>
  readonly kinds: Record<string, Record<string, number>>
  readonly memory: Record<string, { values: number; bytes: number }>
}

let tenant: Tenant

beforeAll(async () => {
  tenant = await newTenant()
})

const statistics = async (owner = tenant, query = '') =>
  (await owner.request<Statistics>('GET', `/cache/statistics${query}`)).body

/**
 * The statistics as soon as they are so: what an isolate is about to tell is nowhere for a moment, and
 * where the worker does not wait for Redis any longer, it tells of itself alone.
 */
const statisticsWhen = (expected: (told: Statistics) => void) =>
  vi.waitFor(async () => {
    const told = await statistics()
    expected(told)
    return told
  }, PATIENCE)

describe('the statistics of the cache', () => {
  it('count what each tier gave and what was loaded, of the tenant alone', async () => {
    const { body } = await tenant.request<Entity>('POST', '/entities', { body: { type: 'thing' } })
    const path = `/entities/${body.id}`
    // What is read more often may be loaded anew before anybody asks.
    for (let i = 0; i < 3; i += 1) await tenant.request('GET', path)
    await tenant.request('PATCH', path, { body: { name: 'new' } })
    await tenant.request('GET', path)
    const hits = { hits: 2, misses: 2, outdated: 1 }
    const told = await statisticsWhen(({ tiers }) =>
      expect(tiers.memory?.kinds.entity).toEqual(hits),
    )
    const { kinds, memory, reads, loads, loads_saved: saved } = told
    expect(kinds.entity).toEqual({ loads: 2, joined: 0, lease_waits: 0, evictions: 0 })
    expect(memory.entity?.values).toBe(1)
    expect(memory.entity?.bytes).toBeGreaterThan(300)
    expect(reads).toBeGreaterThanOrEqual(4)
    expect(loads).toBeGreaterThanOrEqual(2)
    expect(saved).toBeGreaterThanOrEqual(2)
    const stranger = await newTenant()
    const theirs = await statistics(stranger)
    expect([theirs.kinds.entity, theirs.memory.entity]).toEqual([undefined, undefined])
  })

  it('keep what isolates have told, and say when they cannot be asked', async () => {
    const { from, reads } = await statisticsWhen(({ scope }) => expect(scope).toBe('deployment'))
    expect(Date.parse(from ?? '')).toBeLessThanOrEqual(Date.now())
    // Every isolate tells what it has counted ten seconds after the last time.
    await statisticsWhen((told) => expect(told.reads).toBeGreaterThanOrEqual(reads))
    const alone = await withRedisFaults({ databases: ['cache'], cutBefore: 1 }, () => statistics())
    expect([alone.scope, alone.from]).toEqual(['isolate', null])
  })

  it.each(['?hours=0', '?hours=25', '?hours=x', '?days=1'])('refuse %s', async (query) => {
    const { status, body } = await tenant.request('GET', `/cache/statistics${query}`)
    expect([status, body.code]).toEqual([422, 'invalid'])
  })
})
