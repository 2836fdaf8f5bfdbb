import { afterAll, expect, it } from 'vitest'
import { evictObjects, withFaults } from '../../harness/faults.ts'
import { ownStack } from '../../harness/own-stack.ts'

afterAll(() => control('/faults', {}))

it('cutting every connection to PostgreSQL makes the worker unready, for as long as it lasts', async () => {
  await withFaults({ cutBefore: 1 }, async () => {
    expect((await get('/health/ready')).status).toBe(503)
  })
  expect((await get('/health/ready')).status).toBe(200)
})

it('objects can be thrown out of memory and be ended, and crons can be run', async () => {
  await evictObjects()
  expect((await control('/crash', {})).status).toBe(200)
  expect((await control('/cron', { cron: '17 * * * *' })).status).toBe(200)
})

it('the API reference is served with a policy that keeps it from asking other hosts', async () => {
  const moved = await get('/reference')
  expect([moved.status, moved.headers.get('location')]).toEqual([307, '/reference/'])
  const page = await get('/reference/')
  expect(page.status).toBe(200)
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(await page.text()).toContain('<script src="scalar.js">')
  expect((await get('/reference/scalar.js')).status).toBe(200)
  expect((await get('/reference/nothing')).status).toBe(404)
})

function get(path: string): Promise<Response> {
  return fetch(ownStack().baseUrl + path, { redirect: 'manual' })
}

function control(path: string, body: object): Promise<Response> {
  return fetch(ownStack().controlUrl + path, { method: 'POST', body: JSON.stringify(body) })
}
