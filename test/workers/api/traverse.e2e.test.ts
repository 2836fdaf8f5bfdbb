import { beforeAll, expect, it, vi } from 'vitest'
import { type Entity, newTenant, type Tenant } from '../../harness/api.ts'

let tenant: Tenant
const ids = new Map<string, string>()

beforeAll(async () => {
  tenant = await newTenant()
  for (const external_id of ['a', 'b', 'c', 'd']) {
    const made = await tenant.request<Entity>('POST', '/entities', {
      body: { type: 'n', external_id, properties: { v: external_id } },
    })
    ids.set(external_id, made.body.id)
  }
  for (const [from_external_id, to_external_id] of ['ab', 'bc', 'cd', 'ad'].map((x) => [...x])) {
    await tenant.request('POST', '/relationships', {
      body: { type: 'r', from_external_id, to_external_id, properties: { w: 2 } },
    })
  }
})

it('x', async () => {
  const body = { external_ids: ['a'], depth: 3, return: 'records' }
  const first = await tenant.request('POST', '/traverse', { body })
  console.log(first.status, first.text)
  await vi.waitFor(
    async () => {
      const a = await tenant.request('POST', '/traverse', { body })
      console.log(a.status, a.text, [...a.headers])
      expect(a.status).toBe(200)
    },
    { timeout: 10_000, interval: 500 },
  )
  const again = await tenant.request('POST', '/traverse', {
    body: { ...body, where: { 'properties.v': 'b' }, return: 'entities' },
  })
  console.log(again.status, again.text)
  for (const [path, b] of [
    ['/paths', { from_external_id: 'a', to_external_id: 'd', k: 3 }],
    ['/subgraph', { external_ids: ['a'] }],
    ['/common-neighbors', { external_ids: ['a', 'c'] }],
    ['/paths', { from_external_id: 'a', to_external_id: 'd', weight: 'properties.w' }],
  ] as const) {
    const x = await tenant.request('POST', path, { body: b })
    console.log(path, x.status, x.text)
  }
  for (const path of ['component', 'degree']) {
    const x = await tenant.request('GET', `/entities/${ids.get('a')}/${path}`)
    console.log(path, x.status, x.text)
  }
})
