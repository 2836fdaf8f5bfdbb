import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, it } from 'vitest'
import { newTenant, type Tenant } from '../../harness/api.ts'
import { download, endOf, type Job } from '../../harness/jobs.ts'
import { ownStack } from '../../harness/own-stack.ts'
import { range } from '../../harness/sequences.ts'

const NDJSON = { 'content-type': 'application/x-ndjson' }

let tenant: Tenant

beforeEach(async () => {
  tenant = await newTenant()
})

const lines = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).join('\n')

const host = (i: number) => ({ kind: 'entity', type: 'host', external_id: `h${i}` })
const trust = (from: number, to: number) => ({
  kind: 'relationship',
  type: 'trusts',
  external_id: `${from}-${to}`,
  from_external_id: `h${from}`,
  to_external_id: `h${to}`,
})

async function start(path: string, body: string | Uint8Array, headers: Record<string, string>) {
  const answer = await tenant.request<Job>('POST', path, { body, headers })
  expect(answer.status).toBe(202)
  expect(answer.headers.get('location')).toBe(`/api/v1/jobs/${answer.body.id}`)
  return answer.body
}

async function exported(graph: string): Promise<string> {
  const { text } = await tenant.request('GET', `/graphs/${graph}/export`)
  // Ids are those of the import, wherever a file has none.
  const ids = new Map<string, string>()
  const named = (id: string) => ids.get(id) ?? id
  const records = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Record<string, string> => JSON.parse(line))
  for (const { id = '', external_id: name } of records) ids.set(id, name ?? id)
  return records
    .map(({ id = '', from_id: from = '', to_id: to = '', ...rest }) =>
      JSON.stringify({ id: named(id), from: named(from), to: named(to), ...rest }),
    )
    .sort()
    .join('\n')
}

const GRAPHML = `<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="w" for="edge"
  attr.name="weight" attr.type="double"/><graph edgedefault="undirected">${range(3_000)
    .map((i) => `<node id="n${i}"/>`)
    .join('')}${range(2_999)
    .map((i) => `<edge source="n${i}" target="n${i + 1}"><data key="w">${i}</data></edge>`)
    .join('\n')}</graph></graphml>`

const STIX = JSON.stringify({
  type: 'bundle',
  id: 'bundle--5d0092c5-5f74-4287-9642-33f4c354e56d',
  objects: [
    ...range(50).map((i) => ({
      type: 'tool',
      id: `tool--00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
      name: `Tool ${i}`,
    })),
    {
      type: 'relationship',
      id: 'relationship--00000000-0000-4000-8000-000000000000',
      relationship_type: 'uses',
      source_ref: 'tool--00000000-0000-4000-8000-000000000000',
      target_ref: 'tool--00000000-0000-4000-8000-000000000001',
    },
  ],
})

const CSV = `id,name,size\n${range(9_000)
  .map(
    (i) => `c${i},"Name
${i}",${i}`,
  )
  .join('\n')}\n`

const FILES: readonly (readonly [string, string, string, string])[] = [
  [
    'ndjson',
    lines([...range(4_999).map((i) => trust(i, i + 1)), ...range(5_001).map(host)]),
    'application/x-ndjson',
    '',
  ],
  ['csv', CSV, 'text/csv', '&type=thing'],
  ['graphml', GRAPHML, 'application/graphml+xml', ''],
  ['stix', STIX, 'application/stix+json;version=2.1', ''],
]

it.each(FILES)('a job loads %s as an import that is answered at once does', async (...file) => {
  const [, body, type, query] = file
  await tenant.request('POST', '/graphs', { body: { name: 'at-once' } })
  const headers = { 'content-type': type }
  const atOnce = await tenant.request<Record<string, unknown>>(
    'POST',
    `/graphs/at-once/import?${query.slice(1)}`,
    { body, headers },
  )
  expect(atOnce.status).toBe(200)
  const { id } = await start(`/import?async=true${query}`, body, headers)
  const job = await endOf(tenant, id)
  expect(job).toMatchObject({ kind: 'import', state: 'succeeded', error: null, files: [] })
  const { bookmark, ...report } = job.result ?? {}
  expect(report).toEqual(atOnce.body)
  expect(bookmark).toEqual(expect.any(String))
  expect(job.progress).toEqual({ done: report.rows, total: report.rows, unit: 'rows' })
  expect(await exported('default')).toBe(await exported('at-once'))
  expect((await exported('default')).length).toBeGreaterThan(1_000)
})

describe('a job that loads rows', () => {
  it('finds the ends of relationships wherever they stand, over many chunks', async () => {
    const rows = [...range(11_000).map((i) => trust(i, i + 1)), ...range(11_001).map(host)]
    const { id } = await start('/import?async=true', lines(rows), NDJSON)
    const { result } = await endOf(tenant, id)
    expect(result).toMatchObject({ rows: 22_001, created: 22_001, refused: 0, errors: [] })
  })

  it('takes more than a request may have otherwise, declared or streamed', async () => {
    const large = { notes: 'é'.repeat(300_000) }
    const text = lines(range(18).map((i) => ({ ...host(i), properties: large })))
    const bytes = new TextEncoder().encode(text)
    expect(bytes.length).toBeGreaterThan(10_500_000)
    const { id } = await start('/import?async=true', bytes, NDJSON)
    const response = await fetch(`${ownStack().baseUrl}/api/v1/import?async=true`, {
      method: 'POST',
      headers: { ...NDJSON, authorization: `Bearer ${tenant.token}` },
      body: new Blob([bytes]).stream(),
      duplex: 'half',
    } as RequestInit)
    expect(response.status).toBe(202)
    const streamed = (await response.json()) as Job
    expect((await endOf(tenant, id)).result).toMatchObject({ rows: 18, created: 18 })
    expect((await endOf(tenant, streamed.id)).result).toMatchObject({ rows: 18, unchanged: 18 })
  })

  it('keeps every row that it refused, by line and reason, in a file', async () => {
    const rows = [
      ...[host(0), 'no JSON', trust(0, 1), { kind: 'entity', type: 'host' }, trust(0, 0)],
      ...range(30).map(() => ({ kind: 'planet' })),
    ]
    const text = rows.map((row) => (row === 'no JSON' ? row : JSON.stringify(row))).join('\n')
    const { id } = await start('/import?async=true', text, NDJSON)
    const { result, files } = await endOf(tenant, id)
    expect(result).toMatchObject({ rows: 35, created: 2, refused: 33 })
    expect(result?.errors).toHaveLength(20)
    expect(files).toMatchObject([{ name: 'refused.ndjson' }])
    const { text: refused } = await download(files[0])
    const errors = refused
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(errors.map(({ line }) => line).sort((a, b) => a - b)).toEqual([
      ...[2, 3, 4],
      ...range(30).map((i) => 6 + i),
    ])
    expect(errors).toContainEqual({
      line: 3,
      code: 'to_not_found',
      message: 'the entity that the relationship goes to does not exist',
    })
  })

  it('writes nothing of a file that cannot be read to its end, and says where it broke', async () => {
    const bytes = new TextEncoder().encode(`${lines(range(6_000).map(host))}\nx`)
    bytes[bytes.length - 1] = 0xff
    const { id } = await start('/import?async=true', bytes, NDJSON)
    const { state, error } = await endOf(tenant, id)
    expect(state).toBe('failed')
    expect(error).toEqual({ code: 'malformed_request', message: 'line 6001: is not UTF-8' })
    expect(await exported('default')).toBe('')
  })

  it('writes nothing in a dry run, and refuses what it would refuse', async () => {
    const text = lines([host(0), { kind: 'entity', type: 'host', external_id: 7 }])
    const { id } = await start('/import?async=true&dry_run=true', text, NDJSON)
    const { result } = await endOf(tenant, id)
    expect(result).toMatchObject({ rows: 2, created: 0, refused: 1, dry_run: true, bookmark: null })
    expect(await exported('default')).toBe('')
  })

  it('takes gzip, and refuses what is none or another encoding', async () => {
    const text = lines(range(3_000).map(host))
    const packed = { ...NDJSON, 'content-encoding': 'gzip' }
    const { id } = await start('/import?async=true', gzipSync(text), packed)
    expect((await endOf(tenant, id)).result).toMatchObject({ created: 3_000 })
    const post = async (body: string | Uint8Array, headers: Record<string, string>) => {
      const answer = await tenant.request('POST', '/import?async=true', { body, headers })
      return [answer.status, answer.body.code]
    }
    expect(await post(text, packed)).toEqual([400, 'malformed_request'])
    expect(await post(gzipSync(text).subarray(0, 1_000), packed)).toEqual([
      ...[400, 'malformed_request'],
    ])
    const zstd = { ...NDJSON, 'content-encoding': 'zstd' }
    expect(await post(text, zstd)).toEqual([415, 'unsupported_media_type'])
    const { body } = await tenant.request<{ items: unknown[] }>('GET', '/jobs')
    expect(body.items).toHaveLength(1)
  })

  it('is made once, however often its request is repeated', async () => {
    const headers = { ...NDJSON, 'idempotency-key': crypto.randomUUID() }
    const first = await start('/import?async=true', lines([host(1)]), headers)
    const again = await tenant.request<Job>('POST', '/import?async=true', {
      body: lines([host(1)]),
      headers,
    })
    expect([again.status, again.body.id]).toEqual([202, first.id])
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    const other = await tenant.request('POST', '/import?async=true', {
      body: lines([host(2)]),
      headers,
    })
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_mismatch'])
    await endOf(tenant, first.id)
  })

  it('is refused without a body, with a wrong one, or with wrong parameters', async () => {
    const post = async (query: string, headers: Record<string, string>, body?: string) => {
      const options = body === undefined ? { headers } : { headers, body }
      const answer = await tenant.request('POST', `/import?async=true${query}`, options)
      return [answer.status, answer.body.code]
    }
    expect(await post('', NDJSON)).toEqual([400, 'malformed_request'])
    expect(await post('', NDJSON, '')).toEqual([400, 'malformed_request'])
    expect(await post('', {}, '{}')).toEqual([415, 'unsupported_media_type'])
    expect(await post('&type=x', NDJSON, '{}')).toEqual([422, 'invalid'])
    const { body } = await tenant.request<{ items: unknown[] }>('GET', '/jobs')
    expect(body.items).toEqual([])
  })
})

it('an import too large to be answered at once names the way that it is not', async () => {
  const rows = lines(range(10_001).map(host))
  const { status, body } = await tenant.request('POST', '/import', { body: rows, headers: NDJSON })
  expect([status, body.code]).toEqual([413, 'payload_too_large'])
  expect(body.detail).toContain('?async=true')
  const large = await tenant.request('POST', '/import', {
    body: new Uint8Array(11 * 1024 * 1024).fill(0x20),
    headers: NDJSON,
  })
  expect(large.body.detail).toContain('?async=true')
})
