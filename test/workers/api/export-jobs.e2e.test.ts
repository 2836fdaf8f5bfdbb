import { beforeAll, expect, it } from 'vitest'
import { newTenant, type Tenant } from '../../harness/api.ts'
import { download, endOf, type Job } from '../../harness/jobs.ts'
import { range } from '../../harness/sequences.ts'

const HOSTS = 2_500

let tenant: Tenant

beforeAll(async () => {
  tenant = await newTenant()
  const rows = [
    ...range(HOSTS).map((i) => ({
      kind: 'entity',
      type: 'host',
      external_id: `h${i}`,
      name: i % 3 === 0 ? `Host “${i}”, <&>` : undefined,
      properties: { i, even: i % 2 === 0, ...(i === 7 ? { only: ['here', null] } : {}) },
    })),
    ...range(HOSTS - 1).map((i) => ({
      kind: 'relationship',
      type: 'trusts',
      external_id: `r${i}`,
      from_external_id: `h${i}`,
      to_external_id: `h${i + 1}`,
    })),
  ]
  const { status } = await tenant.request('POST', '/import', {
    body: rows.map((row) => JSON.stringify(row)).join('\n'),
    headers: { 'content-type': 'application/x-ndjson' },
  })
  expect(status).toBe(200)
})

it.each([
  ['', 'default.ndjson', 'application/x-ndjson'],
  ['?metadata=true', 'default.ndjson', 'application/x-ndjson'],
  ['?kind=relationship', 'default-relationships.ndjson', 'application/x-ndjson'],
  ['?format=csv&kind=entity', 'default-entities.csv', 'text/csv; charset=utf-8; header=present'],
  ['?format=graphml', 'default.graphml', 'application/graphml+xml'],
])(
  'an export by a job is the same bytes as one answered at once: %s',
  async (query, name, type) => {
    const atOnce = await tenant.request('GET', `/export${query}`)
    const accepted = await tenant.request<Job>('POST', `/export${query}`)
    expect(accepted.status).toBe(202)
    const { id } = accepted.body
    expect(accepted.headers.get('location')).toBe(`/api/v1/jobs/${id}`)
    const job = await endOf(tenant, id)
    expect(job).toMatchObject({ kind: 'export', graph: 'default', state: 'succeeded', error: null })
    expect(job.files).toMatchObject([{ name, content_type: type }])
    const { status, headers, text } = await download(job.files[0])
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe(type)
    expect(headers.get('content-disposition')).toBe(`attachment; filename="${name}"`)
    expect(headers.get('content-length')).toBe(String(job.files[0]?.bytes))
    expect(text).toBe(atOnce.text)
  },
)
