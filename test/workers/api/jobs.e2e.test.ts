import { SignJWT } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { newTenant, type Page, type Tenant } from '../../harness/api.ts'
import { control } from '../../harness/faults.ts'
import { download, endOf, type Job } from '../../harness/jobs.ts'
import { ownStack } from '../../harness/own-stack.ts'
import { ownerSql } from '../../harness/owner-sql.ts'
import { allPages, range } from '../../harness/sequences.ts'

const NDJSON = { 'content-type': 'application/x-ndjson' }

let tenant: Tenant
let exported: Job

async function startExport(caller: Pick<Tenant, 'request'> = tenant, query = ''): Promise<Job> {
  const { status, body } = await caller.request<Job>('POST', `/export${query}`)
  expect(status).toBe(202)
  return body
}

async function startImport(rows: number): Promise<Job> {
  const lines = range(rows).map((i) => `{"kind":"entity","type":"host","external_id":"x${i}"}`)
  const { body } = await tenant.request<Job>('POST', '/import?async=true', {
    body: lines.join('\n'),
    headers: NDJSON,
  })
  return body
}

/** Asks something of a job that has not ended: of another one, where it was faster than the request. */
async function whileItRuns<T>(ask: (path: string) => Promise<T>) {
  for (;;) {
    const { id } = await startImport(20_000)
    const answer = await ask(`/jobs/${id}`)
    const { status, body } = await tenant.request<Job>('GET', `/jobs/${id}`)
    if (status === 200 && body.state !== 'succeeded') return { id, answer }
  }
}

beforeAll(async () => {
  tenant = await newTenant()
  for (const i of range(20)) {
    await tenant.request('POST', '/entities', { body: { type: 'host', name: `Host ${i} “é”` } })
  }
  exported = await endOf(tenant, (await startExport()).id)
})

describe('a job', () => {
  it('is shown as it is, with when to look again until it has ended', async () => {
    const made = await tenant.request<Job>('POST', '/export')
    expect(made.headers.get('retry-after')).toBe('2')
    const { id } = made.body
    const first = await tenant.request<Job>('GET', `/jobs/${id}`)
    if (first.body.finished_at === null) expect(first.headers.get('retry-after')).toBe('2')
    const job = await endOf(tenant, id)
    expect(job).toMatchObject({
      ...{ id, kind: 'export', graph: 'default', state: 'succeeded', attempt: 0, error: null },
      progress: { done: 20, total: 20, unit: 'records' },
      result: { records: 20 },
      created_by: expect.stringMatching(/^user:/),
    })
    const last = await tenant.request<Job>('GET', `/jobs/${id}`)
    expect(last.headers.get('retry-after')).toBeNull()
  })

  it('is listed newest first, page by page, by state, kind and graph', async () => {
    const other = await newTenant()
    await other.request('POST', '/graphs', { body: { name: 'second' } })
    const made: Job[] = []
    for (const path of ['/export', '/graphs/second/export', '/export?format=graphml']) {
      made.push((await other.request<Job>('POST', path)).body)
    }
    for (const { id } of made) await endOf(other, id)
    const ids = made.map(({ id }) => id).reverse()
    const list = async (query: string) =>
      (await allPages<Job>(other, `/jobs?limit=1${query}`)).map(({ id }) => id)
    expect(await list('')).toEqual(ids)
    expect(await list('&graph=second')).toEqual([ids[1]])
    expect(await list('&kind=export&state=succeeded')).toEqual(ids)
    expect(await list('&kind=import')).toEqual([])
    expect(await list('&state=failed')).toEqual([])
    for (const query of ['state=done', 'kind=dance', 'limit=0', 'colour=red']) {
      const { status, body } = await other.request('GET', `/jobs?${query}`)
      expect([status, body.errors?.[0]?.pointer]).toEqual([422, query.split('=')[0]])
    }
  })

  it('that was cancelled stays so until it is retried, and then goes on', async () => {
    const { id, answer: cancelled } = await whileItRuns((path) =>
      tenant.request<Job>('POST', `${path}/cancel`),
    )
    expect([cancelled.status, cancelled.body.state]).toEqual([200, 'cancelled'])
    const again = await tenant.request<Job>('POST', `/jobs/${id}/cancel`)
    expect([again.status, again.body.state]).toEqual([200, 'cancelled'])
    const writer = await tenant.apiKey('writer')
    const retried = await writer.request<Job>('POST', `/jobs/${id}/retry`)
    expect([retried.status, retried.body.created_by]).toEqual([202, `key:${writer.id}`])
    const { state, result } = await endOf(tenant, id)
    expect([state, result?.rows, result?.refused]).toEqual(['succeeded', 20_000, 0])
  })

  it('that has ended cannot be cancelled or retried, and one that has not is not deleted', async () => {
    const cancel = await tenant.request('POST', `/jobs/${exported.id}/cancel`)
    expect([cancel.status, cancel.body.code]).toEqual([409, 'conflict'])
    expect(cancel.body.detail).toBe('the job has succeeded: it has ended')
    const retry = await tenant.request('POST', `/jobs/${exported.id}/retry`)
    expect([retry.status, retry.body.code]).toEqual([409, 'conflict'])
    const { id, answer: early } = await whileItRuns((path) => tenant.request('DELETE', path))
    expect([early.status, early.body.detail]).toEqual([
      409,
      expect.stringMatching(/^the job is (queued|running): cancel it first$/),
    ])
    await tenant.request('POST', `/jobs/${id}/cancel`)
    expect((await tenant.request('DELETE', `/jobs/${id}`)).status).toBe(204)
    expect((await tenant.request('GET', `/jobs/${id}`)).status).toBe(404)
  })

  it('is changed only by whoever might have made it', async () => {
    const reader = await tenant.apiKey('reader')
    const { id } = await startImport(1)
    for (const [method, path] of [
      ['POST', `/jobs/${id}/cancel`],
      ['POST', `/jobs/${id}/retry`],
      ['DELETE', `/jobs/${id}`],
    ] as const) {
      const { status, body } = await reader.request(method, path)
      expect([status, body.detail]).toEqual([403, 'the role reader does not allow graph.write'])
    }
    expect((await reader.request('GET', `/jobs/${id}`)).status).toBe(200)
    const own = await startExport(reader)
    await endOf(reader, own.id)
    expect((await reader.request('DELETE', `/jobs/${own.id}`)).status).toBe(204)
  })

  it('works in the name of a key only as long as that is good', async () => {
    const writer = await tenant.apiKey('writer')
    const { id } = await startExport(writer)
    await endOf(tenant, id)
    await tenant.request('DELETE', `/keys/${writer.id}`)
    await ownerSql(
      'catalog',
      tenant.id,
      `update jobs set state = 'queued', result = null, finished_at = null,
        enqueued_at = now() - interval '1 hour' where id = $1 returning id`,
      [id],
    )
    await control('/cron', { cron: '* * * * *' })
    const { state, error } = await endOf(tenant, id)
    expect([state, error?.code]).toEqual(['failed', 'forbidden'])
  })

  it('whose message was lost is found by the sweep', async () => {
    const { id } = await startExport()
    await endOf(tenant, id)
    await ownerSql(
      'catalog',
      tenant.id,
      `update jobs set state = 'running', result = null, finished_at = null, cursor = null,
        lease_owner = gen_random_uuid(), lease_until = now() - interval '1 second',
        enqueued_at = now() - interval '1 hour' where id = $1 returning id`,
      [id],
    )
    await control('/cron', { cron: '* * * * *' })
    expect(await endOf(tenant, id)).toMatchObject({ state: 'succeeded', error: null })
  })
})

describe('a link to a file', () => {
  const [file] = [() => exported.files[0]]

  it('shows the file to whoever has it, whole or in parts', async () => {
    const { status, headers, text } = await download(file())
    expect(status).toBe(200)
    expect(headers.get('accept-ranges')).toBe('bytes')
    const bytes = new TextEncoder().encode(text)
    expect(bytes.length).toBe(file()?.bytes)
    const etag = headers.get('etag') ?? ''
    const decoder = new TextDecoder()
    for (const [header, from, to] of [
      ['bytes=0-9', 0, 10],
      ['bytes=100-', 100, bytes.length],
      ['bytes=-7', bytes.length - 7, bytes.length],
      ['bytes=5-999999999', 5, bytes.length],
    ] as const) {
      const part = await download(file(), { range: header, 'if-range': etag })
      expect(part.status).toBe(206)
      expect(part.headers.get('content-range')).toBe(`bytes ${from}-${to - 1}/${bytes.length}`)
      expect(part.headers.get('content-length')).toBe(String(to - from))
      expect(part.text).toBe(decoder.decode(bytes.subarray(from, to)))
    }
    expect((await download(file(), { range: 'bytes=0-9', 'if-range': '"old"' })).status).toBe(200)
    expect((await download(file(), { range: 'bytes=0-1,3-4' })).status).toBe(200)
    const behind = await download(file(), { range: `bytes=${bytes.length}-` })
    expect(behind.status).toBe(416)
    const head = await download(file(), {}, 'HEAD')
    expect([head.status, head.text]).toEqual([200, ''])
    expect(head.headers.get('content-length')).toBe(String(bytes.length))
  })

  it('is not there when it was changed, forged or made for something else', async () => {
    const url = file()?.url ?? ''
    const token = url.split('/').at(-1) ?? ''
    const [header = '', payload = '', signature = ''] = token.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const other = Buffer.from(JSON.stringify({ ...claims, file: 1 })).toString('base64url')
    const forged = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'file+jwt' })
      .sign(new TextEncoder().encode('x'.repeat(40)))
    for (const bad of [`${header}.${other}.${signature}`, forged, tenant.token, 'x', '..']) {
      const { status } = await download({ url: `/api/v1/files/${bad}` })
      expect.soft(status, bad).toBe(404)
    }
    // And it is no credential for anything else.
    const response = await fetch(`${ownStack().baseUrl}/api/v1/jobs`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(response.status).toBe(401)
  })

  it('ends with its job', async () => {
    const job = await endOf(tenant, (await startExport()).id)
    expect((await download(job.files[0])).status).toBe(200)
    expect((await tenant.request('DELETE', `/jobs/${job.id}`)).status).toBe(204)
    expect((await download(job.files[0])).status).toBe(404)
  })
})

it('a tenant never sees jobs of another', async () => {
  const stranger = await newTenant()
  const { body } = await stranger.request<Page<Job>>('GET', '/jobs')
  expect(body.items).toEqual([])
  expect((await stranger.request('GET', `/jobs/${exported.id}`)).status).toBe(404)
  expect((await stranger.request('DELETE', `/jobs/${exported.id}`)).status).toBe(404)
})

it.each(['high', 'normal', 'low'])(
  'a job of priority %s is worked off its own queue',
  async (priority) => {
    const { id } = await startExport(tenant, `?priority=${priority}`)
    expect(await endOf(tenant, id)).toMatchObject({ state: 'succeeded', priority })
  },
)

it('a GET makes no job, and says what does', async () => {
  const { status, body } = await tenant.request('GET', '/export?async=true')
  expect([status, body.detail]).toEqual([422, 'async: a job is made by POST, not by GET'])
})

it('a priority that there is not is refused, by name', async () => {
  for (const [path, options] of [
    ['/export?priority=highest', {}],
    ['/import?async=true&priority=0', { body: '{}', headers: NDJSON }],
  ] as const) {
    const { status, body } = await tenant.request('POST', path, options)
    expect([status, body.errors?.map(({ pointer }) => pointer)]).toEqual([422, ['priority']])
  }
})

it('a tenant’s many jobs all come to their end, three at a time', async () => {
  const other = await newTenant()
  const made = await Promise.all(range(12).map(() => startExport(other)))
  for (const { id } of made) expect((await endOf(other, id)).state).toBe('succeeded')
})

it('an export that is repeated with its Idempotency-Key is made once', async () => {
  const headers = { 'idempotency-key': crypto.randomUUID() }
  const first = await tenant.request<Job>('POST', '/export?async=true', { headers })
  const again = await tenant.request<Job>('POST', '/export?async=true', { headers })
  expect([again.status, again.body.id]).toEqual([202, first.body.id])
  expect(again.headers.get('idempotency-replayed')).toBe('true')
  const other = await tenant.request('POST', '/export?format=graphml', { headers })
  expect([other.status, other.body.code]).toEqual([422, 'idempotency_mismatch'])
})
