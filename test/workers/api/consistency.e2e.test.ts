import { beforeAll, describe, expect, it, vi } from 'vitest'
import { encodeBookmark, mergeBookmark, parseBookmarks } from '../../../core/log/bookmark.ts'
import { type Entity, newTenant, type Page, type Tenant } from '../../harness/api.ts'
import { crashObjects, evictObjects, withFaults } from '../../harness/faults.ts'
import { PATIENCE } from '../../harness/patience.ts'

let tenant: Tenant

beforeAll(async () => {
  tenant = await newTenant()
})

async function create(properties: object = {}): Promise<{ path: string; bookmark: string }> {
  const { status, headers, body } = await tenant.request<Entity>('POST', '/entities', {
    body: { type: 'thing', properties },
  })
  expect(status).toBe(201)
  return { path: `/entities/${body.id}`, bookmark: headers.get('tendril-bookmark') ?? '' }
}

function get<Body = Entity>(path: string, headers: Record<string, string> = {}) {
  return tenant.request<Body>('GET', path, { headers })
}

const down = { cutBefore: 1 }

function seqOf(bookmark: string | null): number {
  const parsed = parseBookmarks(bookmark ?? '')
  if (typeof parsed === 'string') throw new Error(parsed)
  return parsed[0]?.seq ?? 0
}

describe('a read that is repeated', () => {
  it.each(['session', 'strong', 'bounded=60'])('comes from memory at %s', async (level) => {
    const { path } = await create()
    const headers = { 'tendril-consistency': level }
    const first = await get(path, headers)
    const again = await get(path, headers)
    expect(first.headers.get('cache-status')).toBe('tendril-memory; fwd=miss')
    expect(first.headers.get('age')).toBeNull()
    expect(again.headers.get('cache-status')).toBe('tendril-memory; hit')
    // A busy machine may take a second or more between them.
    expect(again.headers.get('age')).toMatch(/^\d+$/)
    expect(again.body).toEqual(first.body)
    for (const { headers } of [first, again]) {
      expect(headers.get('cache-control')).toBe('private, no-cache')
      expect(headers.get('vary')).toContain('Authorization')
    }
  })

  it('of something that does not exist needs no database either', async () => {
    const path = `/entities/${crypto.randomUUID()}`
    expect((await get(path)).status).toBe(404)
    await withFaults(down, async () => {
      expect((await get(path)).status).toBe(404)
    })
  })

  it.each(['/entities?type=thing&limit=2', '/relationships', '/entities?sort=-created_at&limit=1'])(
    'of %s comes from memory, and anew after a write',
    async (path) => {
      await get(path)
      expect((await get(path)).headers.get('cache-status')).toBe('tendril-memory; hit')
      const name = `t${crypto.randomUUID().slice(0, 8)}`
      const a = await create()
      await tenant.request('POST', '/types', { body: { kind: 'entity', name, json_schema: {} } })
      const id = a.path.slice('/entities/'.length)
      await tenant.request('POST', '/relationships', {
        body: { type: 'r', from_id: id, to_id: id },
      })
      expect((await get(path)).headers.get('cache-status')).toBe('tendril-memory; fwd=miss')
    },
  )

  it('of many records loads only those that changed', async () => {
    const made = await Promise.all([create(), create(), create()])
    const ids = made.map(({ path }) => path.slice('/entities/'.length))
    const lookUp = () => tenant.request<Page<Entity>>('POST', '/entities/lookup', { body: { ids } })
    await lookUp()
    expect((await lookUp()).headers.get('cache-status')).toBe('tendril-memory; hit')
    await tenant.request('PATCH', made[1]?.path ?? '', { body: { name: 'new' } })
    const { headers, body } = await lookUp()
    expect(headers.get('cache-status')).toBe('tendril-memory; fwd=miss')
    expect(body.items.map(({ name }) => name)).toEqual([null, 'new', null])
  })
})

describe('the keys and graphs of a tenant', () => {
  it.each([
    ['/keys', () => ({ name: 'Another', role: 'reader' })],
    ['/graphs', () => ({ name: `g${crypto.randomUUID().slice(0, 8)}` })],
  ] as const)('at %s come from memory, and anew after a write', async (path, body) => {
    const list = () => get<Page<{ id: string }>>(path)
    await list()
    expect((await list()).headers.get('cache-status')).toBe('tendril-memory; hit')
    const made = await tenant.request<{ id: string }>('POST', path, { body: body() })
    const bookmark = made.headers.get('tendril-bookmark') ?? ''
    const seen = await get<Page<{ id: string }>>(path, { 'tendril-bookmark': bookmark })
    expect(seen.headers.get('cache-status')).toBe('tendril-memory; fwd=miss')
    expect(seen.body.items.map(({ id }) => id)).toContain(made.body.id)
    expect(seqOf(seen.headers.get('tendril-bookmark'))).toBeGreaterThanOrEqual(seqOf(bookmark))
  })

  it('are as strong as they are asked for', async () => {
    await get('/keys')
    await crashObjects()
    const { status } = await get('/keys', { 'tendril-consistency': 'strong' })
    expect(status).toBe(200)
    await withFaults(down, async () => {
      await crashObjects()
      const strong = await tenant.request('GET', '/keys', {
        headers: { 'tendril-consistency': 'strong' },
      })
      expect([strong.status, strong.body.code]).toEqual([503, 'unavailable'])
    })
  })
})

describe('a bookmark', () => {
  it('is answered with one that has seen at least as much', async () => {
    const { path, bookmark } = await create()
    const { headers } = await get(path, { 'tendril-bookmark': bookmark })
    expect(seqOf(headers.get('tendril-bookmark'))).toBeGreaterThanOrEqual(seqOf(bookmark))
  })

  it('of other graphs of the tenant is kept and given back', async () => {
    await tenant.request('POST', '/graphs', { body: { name: 'second' } })
    const other = await tenant.request('POST', '/graphs/second/entities', {
      body: { type: 'thing' },
    })
    const second = other.headers.get('tendril-bookmark') ?? ''
    const { path, bookmark } = await create()
    const { headers } = await get(path, { 'tendril-bookmark': `${second}, ${bookmark}` })
    const seen = headers.get('tendril-bookmark') ?? ''
    expect(seen.split(', ')).toContain(second)
    expect(parseBookmarks(seen)).toHaveLength(2)
  })

  it('is taken and given by writes as well', async () => {
    const { bookmark } = await create()
    const { headers } = await tenant.request('POST', '/entities', {
      body: { type: 'thing' },
      headers: { 'tendril-bookmark': bookmark },
    })
    expect(seqOf(headers.get('tendril-bookmark'))).toBe(seqOf(bookmark) + 1)
  })

  it.each(['', 'b1', 'nonsense', 'b1.1.2.3.4'])('that is %j is refused', async (bookmark) => {
    const { path } = await create()
    const { status, body } = await tenant.request('GET', path, {
      headers: { 'tendril-bookmark': bookmark },
    })
    expect([status, body.code]).toEqual([400, 'malformed_request'])
    expect(body.detail).toContain('Tendril-Bookmark')
  })

  it('of the future is refused, and does not hang', async () => {
    const { path, bookmark } = await create()
    const parsed = parseBookmarks(bookmark)
    const [seen] = typeof parsed === 'string' ? [] : parsed
    if (!seen) throw new Error('no bookmark')
    const future = encodeBookmark({ ...seen, seq: seen.seq + 1_000 })
    for (const level of ['session', 'strong', 'bounded=300']) {
      const { status, body } = await tenant.request('GET', path, {
        headers: { 'tendril-bookmark': future, 'tendril-consistency': level },
      })
      expect([status, body.code]).toEqual([400, 'malformed_request'])
    }
    expect((await get(path, { 'tendril-bookmark': bookmark })).status).toBe(200)
  })

  it('of another tenant is refused', async () => {
    const stranger = await newTenant()
    const made = await stranger.request('POST', '/entities', { body: { type: 'thing' } })
    const { path } = await create()
    const { status, body } = await tenant.request('GET', path, {
      headers: { 'tendril-bookmark': made.headers.get('tendril-bookmark') ?? '' },
    })
    expect([status, body.code]).toEqual([400, 'malformed_request'])
  })

  it('of another history is a conflict (H1)', async () => {
    const { path, bookmark } = await create()
    const parsed = parseBookmarks(bookmark)
    const [seen] = typeof parsed === 'string' ? [] : parsed
    if (!seen) throw new Error('no bookmark')
    const restored = mergeBookmark([], { ...seen, historyId: crypto.randomUUID() })
    const { status, body } = await tenant.request('GET', path, {
      headers: { 'tendril-bookmark': restored.map(encodeBookmark).join() },
    })
    expect([status, body.code]).toEqual([409, 'conflict'])
  })
})

describe('the header Tendril-Consistency', () => {
  it.each([
    'maybe',
    'strong; stale-if-error',
    'session=1',
    'bounded=',
    'bounded=-1',
    'bounded=301',
    'bounded=1; fresh',
    'bounded=1; stale-if-error=99999',
    '',
  ])('refuses %j', async (level) => {
    const { path } = await create()
    const { status, body } = await tenant.request('GET', path, {
      headers: { 'tendril-consistency': level },
    })
    expect([status, body.code]).toEqual([400, 'malformed_request'])
    expect(body.detail).toContain('Tendril-Consistency')
  })
})

describe('when the database is away', () => {
  it('memory goes on answering within the bound', async () => {
    const { path } = await create()
    await get(path)
    await withFaults(down, async () => {
      for (const level of ['session', 'bounded=300', 'strong']) {
        // The log's object is there, and knows that nothing has changed.
        const { status, headers } = await get(path, { 'tendril-consistency': level })
        expect([status, headers.get('cache-status')]).toEqual([200, 'tendril-memory; hit'])
      }
    })
  })

  it('and the log is away as well, strong reads are 503 (R6), and bounded ones go on', async () => {
    const { path } = await create()
    await get(path)
    await withFaults(down, async () => {
      await crashObjects()
      const strong = await tenant.request('GET', path, {
        headers: { 'tendril-consistency': 'strong' },
      })
      expect([strong.status, strong.body.code]).toEqual([503, 'unavailable'])
      expect(strong.headers.get('retry-after')).toBe('1')
    })
  })
})

describe('a revoked key', () => {
  it('stops working within a second, also for what memory has (R9)', async () => {
    const key = await tenant.apiKey('reader')
    const { path } = await create()
    for (let i = 0; i < 3; i += 1) expect((await key.request('GET', path)).status).toBe(200)
    await tenant.request('DELETE', `/keys/${key.id}`)
    expect((await key.request('GET', path)).status).toBe(401)
  })

  it('does not come back when the object of the tenant is built anew', async () => {
    const key = await tenant.apiKey('reader')
    const { path } = await create()
    await key.request('GET', path)
    await tenant.request('DELETE', `/keys/${key.id}`)
    await evictObjects()
    await vi.waitFor(
      async () => expect((await key.request('GET', path)).status).toBe(401),
      PATIENCE,
    )
  })
})
