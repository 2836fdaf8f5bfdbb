import { describe, expect, it } from 'vitest'
import { tenantId } from '../../core/ids.ts'
import { cacheLedger, HOUR_MS } from '../../workers/cache-ledger.ts'
import { openRedis } from '../../workers/upstash-redis.ts'
import { newTenant } from '../harness/api.ts'
import { ownStack } from '../harness/own-stack.ts'
import { PATIENCE, patientBreaker } from '../harness/patience.ts'
import { flushRedis } from '../harness/redis-faults.ts'

const { url, token } = ownStack().redisDatabases.cache
const ledger = cacheLedger(openRedis(url, token), patientBreaker())

describe('the ledger of the cache', () => {
  it('adds up what isolates tell of a tenant, hour by hour', async () => {
    const tenant = tenantId(crypto.randomUUID())
    const counts = { 'memory:entity:hits': 2, 'entity:loads': 1 }
    await ledger.add([{ tenantId: tenant, counts }], 5 * HOUR_MS)
    await ledger.add([{ tenantId: tenant, counts: { 'entity:loads': 4 } }], 5 * HOUR_MS)
    await ledger.add([{ tenantId: tenant, counts: { 'entity:loads': 7 } }], 6 * HOUR_MS)
    expect(await ledger.countsOf(tenant, [4 * HOUR_MS, 5 * HOUR_MS, 6 * HOUR_MS])).toEqual([
      {},
      { 'memory:entity:hits': 2, 'entity:loads': 5 },
      { 'entity:loads': 7 },
    ])
    expect(await ledger.countsOf(tenantId(crypto.randomUUID()), [5 * HOUR_MS])).toEqual([{}])
  })

  it('is what the statistics of a tenant tell of other isolates', async () => {
    const tenant = await newTenant()
    const thisHour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS
    const told = { tenantId: tenantId(tenant.id), counts: { 'list:loads': 1_000 } }
    await ledger.add([told], thisHour)
    await ledger.add([told], thisHour - 3 * HOUR_MS)
    const loads = async (hours: number) => {
      const path = `/cache/statistics?hours=${hours}`
      const { body } = await tenant.request<{ kinds: { list?: { loads: number } } }>('GET', path)
      return body.kinds.list?.loads
    }
    // Where the worker does not wait for Redis any longer, it tells of itself alone.
    await expect
      .poll(async () => [await loads(2), await loads(5)], PATIENCE)
      .toEqual([1_000, 2_000])
  })

  it('knows the hottest names, of late ones more, and forgets the others', async () => {
    await flushRedis()
    await ledger.addHits([
      ['a', 10],
      ['b', 30],
      ['c', 4],
    ])
    await ledger.addHits([['a', 25]])
    expect(await ledger.hottest(2)).toEqual(['a', 'b'])
    await ledger.age(2)
    await ledger.addHits([['b', 10]])
    expect(await ledger.hottest(9)).toEqual(['b', 'a'])
    for (let i = 0; i < 7; i += 1) await ledger.age(2)
    expect(await ledger.hottest(9)).toEqual([])
  })

  it('lets one of many do what is to be done once', async () => {
    const what = crypto.randomUUID()
    const firsts = await Promise.all([1, 2, 3, 4].map(() => ledger.isFirst(what, 60_000)))
    expect(firsts.filter((isFirst) => isFirst)).toHaveLength(1)
  })
})
