import { expect, it } from 'vitest'
import { newTenant, type Tenant } from '../../harness/api.ts'
import { control, crashObjects, withFaults } from '../../harness/faults.ts'
import { download, endOf, type Job } from '../../harness/jobs.ts'
import { ownerSql } from '../../harness/owner-sql.ts'
import { range } from '../../harness/sequences.ts'

const ROWS = 12_000

/** As if minutes had passed: leases are over, and what waits need wait no more. */
async function passTime(tenant: Tenant): Promise<void> {
  await ownerSql(
    'catalog',
    tenant.id,
    `update jobs set run_at = now(), enqueued_at = now() - interval '1 hour',
      lease_until = case when lease_until is null then null else now() end
      where state in ('queued', 'running') returning id`,
  )
  await control('/cron', { cron: '* * * * *' })
}

/** The end of a job that was begun amid faults. */
async function endAfter(tenant: Tenant, id: string): Promise<Job> {
  for (;;) {
    const { body } = await tenant.request<Job>('GET', `/jobs/${id}`)
    if (body.finished_at !== null) return body
    await passTime(tenant)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

it('an import and an export end as always though connections are cut and objects die', async () => {
  const tenant = await newTenant()
  const rows = range(ROWS).flatMap((i) => [
    `{"kind":"relationship","type":"trusts","external_id":"r${i}","from_external_id":"h${i}","to_external_id":"h${(i * 7) % ROWS}"}`,
    `{"kind":"entity","type":"host","external_id":"h${i}"}`,
  ])
  const headers = { 'content-type': 'application/x-ndjson' }
  const start = await tenant.request<Job>('POST', '/import?async=true', {
    body: rows.join('\n'),
    headers,
  })
  await withFaults({ cutBefore: 0.15, cutAfter: 0.15, seed: 7 }, async () => {
    for (const _ of range(5)) {
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      await crashObjects()
      await passTime(tenant).catch(() => {
        // The sweep meets the same faults.
      })
    }
  })
  const imported = await endAfter(tenant, start.body.id)
  expect(imported).toMatchObject({ state: 'succeeded', error: null })
  expect(imported.result).toMatchObject({
    ...{ rows: 2 * ROWS, created: 2 * ROWS, updated: 0, unchanged: 0, refused: 0 },
  })

  const { text } = await tenant.request('GET', '/export')
  const { body } = await tenant.request<Job>('POST', '/export')
  await withFaults({ cutBefore: 0.15, cutAfter: 0.15, seed: 8 }, async () => {
    for (const _ of range(3)) {
      await new Promise((resolve) => setTimeout(resolve, 500))
      await passTime(tenant).catch(() => {
        // The sweep meets the same faults.
      })
    }
  })
  const exported = await endAfter(tenant, body.id)
  expect(exported).toMatchObject({ state: 'succeeded', result: { records: 2 * ROWS } })
  expect((await download(exported.files[0])).text === text).toBe(true)
  await endOf(tenant, exported.id)
})
