import { parseItem, parseList } from 'structured-headers'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { type Answer, type Entity, newTenant, type Page, type Tenant } from '../../harness/api.ts'
import { etagOf, historyOf } from '../../harness/etags.ts'
import { sqlRequests, withFaults } from '../../harness/faults.ts'
import { ownerSql } from '../../harness/owner-sql.ts'
import { PATIENCE } from '../../harness/patience.ts'

let tenant: Tenant

beforeAll(async () => {
  tenant = await newTenant()
})

async function create(body: object = {}): Promise<Answer<Entity> & { readonly path: string }> {
  const answer = await tenant.request<Entity>('POST', '/entities', {
    body: { type: 'thing', ...body },
  })
  expect(answer.status, answer.text).toBe(201)
  return { ...answer, path: `/entities/${answer.body.id}` }
}

function get<Body = Entity>(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return tenant.request<Body>(method, path, { headers })
}

const tagOf = ({ headers }: { readonly headers: Headers }) => headers.get('etag') ?? ''

/** A record that changed at `updatedAt`, as if it had been made then. */
async function createdAt(updatedAt: string): Promise<string> {
  const { body, path } = await create()
  const sql = 'update entities set updated_at = $2 where id = $1'
  await ownerSql('shard', tenant.id, sql, [body.id, updatedAt])
  return path
}

/** One path of each kind of read, with something to be seen at it. */
async function readPaths(): Promise<string[]> {
  const { body, path } = await create()
  const ends = { type: 'tie', from_id: body.id, to_id: body.id }
  const tie = await tenant.request<Entity>('POST', '/relationships', { body: ends })
  const name = `t${crypto.randomUUID().slice(0, 8)}`
  await tenant.request('POST', '/types', { body: { kind: 'entity', name, json_schema: {} } })
  return [
    path,
    `${path}?as_of=${body.version}`,
    `${path}/neighbors?limit=1`,
    '/entities?limit=2',
    '/entities?type=thing&sort=-created_at&limit=1',
    `/relationships/${tie.body.id}`,
    `/relationships?from_id=${body.id}`,
    '/types',
    `/types/entity/${name}`,
    '/changes?limit=1',
    '/keys',
    '/graphs',
    '/graphs/default',
  ]
}

describe('RFC 9110, 8.8.3: the ETag', () => {
  it('of every read is strong, and stays while nothing changes', async () => {
    for (const path of await readPaths()) {
      const [one, two] = [await get(path), await get(path)]
      expect(tagOf(one), path).toMatch(/^"[\w-]+"$/)
      expect([tagOf(two), two.text], path).toEqual([tagOf(one), one.text])
    }
  })

  it('of a list is another when a member has changed, and so is that of neighbours', async () => {
    const { body, path } = await create()
    const ends = { type: 'tie', from_id: body.id, to_id: body.id }
    await tenant.request('POST', '/relationships', { body: ends })
    for (const list of ['/entities?type=thing&limit=1000', `${path}/neighbors`]) {
      const before = await get(list)
      await tenant.request('PATCH', path, { body: { name: crypto.randomUUID() } })
      const after = await get(list, { 'if-none-match': tagOf(before) })
      expect([after.status, tagOf(after) === tagOf(before)]).toEqual([200, false])
    }
  })

  it('names the history of the graph: one of another history is no match (H1)', async () => {
    const { body, path, ...made } = await create()
    const other = etagOf(body.version, made).replace(historyOf(made).slice(0, 8), 'ffffffff')
    expect((await get(path, { 'if-none-match': other })).status).toBe(200)
    for (const method of ['PATCH', 'DELETE']) {
      const options = method === 'PATCH' ? { body: { name: 'Lost' } } : {}
      const headers = { 'if-match': other }
      const refused = await tenant.request(method, path, { ...options, headers })
      expect([refused.status, refused.body.code]).toEqual([412, 'version_mismatch'])
    }
    expect((await get(path)).body).toEqual(body)
    const type = { kind: 'entity', name: `t${crypto.randomUUID().slice(0, 8)}`, json_schema: {} }
    const defined = await tenant.request<{ version: number }>('POST', '/types', { body: type })
    const headers = { 'if-match': tagOf(defined).replace(/-\w+/, '-ffffffff') }
    const refused = await tenant.request('DELETE', `/types/entity/${type.name}`, { headers })
    expect([refused.status, refused.body.code]).toEqual([412, 'version_mismatch'])
  })
})

describe('RFC 9110, 13.1.2: If-None-Match', () => {
  it('with the tag of any read gives 304 and no body', async () => {
    for (const path of await readPaths()) {
      const tag = tagOf(await get(path))
      const same = await get(path, { 'if-none-match': tag })
      expect([same.status, same.text, tagOf(same)], path).toEqual([304, '', tag])
    }
  })

  it('is a list, compares weakly, and takes * for anything that is there', async () => {
    const { path, ...made } = await create()
    const tag = tagOf(made)
    for (const held of [tag, `W/${tag}`, `"other", ${tag}`, `W/"x",W/${tag} , "y"`, '*']) {
      expect((await get(path, { 'if-none-match': held })).status, held).toBe(304)
    }
    for (const held of ['"other"', tag.slice(1, -1), '']) {
      expect((await get(path, { 'if-none-match': held })).status, held).toBe(200)
    }
    const nothing = `/entities/${crypto.randomUUID()}`
    expect((await get(nothing, { 'if-none-match': '*' })).status).toBe(404)
  })

  it('with a version that the record never had gives the record', async () => {
    const { body, path, ...made } = await create()
    await create()
    for (const version of [body.version - 1, body.version + 1, body.version + 1_000]) {
      const answer = await get(path, { 'if-none-match': etagOf(version, made) })
      expect([answer.status, answer.body]).toEqual([200, body])
    }
  })

  it('is answered without a look at the database, or at any value', async () => {
    const { path, ...made } = await create()
    // Nobody has read these yet: no tier of the cache can have them.
    const list = `/entities?type=${crypto.randomUUID().slice(0, 8)}`
    const reads = [
      [path, tagOf(made)],
      [list, etagOf(made.body.version, made)],
    ] as const
    for (const level of ['session', 'strong', 'bounded=60']) {
      // Again where something in the background has asked at the same time.
      await vi.waitFor(async () => {
        const before = await sqlRequests()
        await withFaults({ cutBefore: 1 }, async () => {
          for (const [read, tag] of reads) {
            const headers = { 'if-none-match': tag, 'tendril-consistency': level }
            const { status } = await get(read, headers)
            expect([status, read]).toEqual([304, read])
          }
        })
        expect(await sqlRequests()).toBe(before)
      }, PATIENCE)
    }
    await get(path)
    expect(await sqlRequests()).toBeGreaterThan(0)
  })

  it('is looked up when the record has changed since, or is gone', async () => {
    const { path, ...made } = await create()
    const held = { 'if-none-match': tagOf(made) }
    await tenant.request('PATCH', path, { body: { name: 'New' } })
    const changed = await get(path, held)
    expect([changed.status, changed.body.name]).toEqual([200, 'New'])
    await tenant.request('DELETE', path)
    expect((await get(path, held)).status).toBe(404)
  })

  it('needs the permission of the read all the same', async () => {
    const { path, ...made } = await create()
    const key = await tenant.apiKey('reader')
    const headers = { 'if-none-match': tagOf(made) }
    expect((await key.request('GET', path, { headers })).status).toBe(304)
    const stranger = await newTenant()
    expect((await stranger.request('GET', path, { headers })).status).toBe(404)
    await tenant.request('DELETE', `/keys/${key.id}`)
    expect((await key.request('GET', path, { headers })).status).toBe(401)
  })
})

describe('RFC 9110, 13.1.3: If-Modified-Since', () => {
  const CHANGED = '2026-01-02T03:04:05.600Z'

  it('gives 304 from the second on that Last-Modified names', async () => {
    const path = await createdAt(CHANGED)
    const { headers } = await get(path)
    const date = headers.get('last-modified') ?? ''
    expect(date).toBe('Fri, 02 Jan 2026 03:04:06 GMT')
    for (const [since, status] of [
      [date, 304],
      ['Fri, 02 Jan 2026 03:04:05 GMT', 200],
      ['Friday, 02-Jan-26 03:04:06 GMT', 304],
      ['Fri Jan  2 03:04:06 2026', 304],
      [new Date().toUTCString(), 304],
    ] as const) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await get(path, { 'if-modified-since': since }, method)
        expect([answer.status, since]).toEqual([status, since])
      }
    }
  })

  it('counts only without If-None-Match (13.2.2)', async () => {
    const path = await createdAt(CHANGED)
    const { headers } = await get(path)
    const since = headers.get('last-modified') ?? ''
    const status = async (held: string) =>
      (await get(path, { 'if-none-match': held, 'if-modified-since': since })).status
    expect(await status('"other"')).toBe(200)
    expect(await status(headers.get('etag') ?? '')).toBe(304)
  })

  it.each(['yesterday', '2026-11-21T00:00:00Z', '', '1'])(
    'that is %j is ignored',
    async (since) => {
      const path = await createdAt(CHANGED)
      expect((await get(path, { 'if-modified-since': since })).status).toBe(200)
    },
  )

  it('says nothing of a record that has just changed, nor of a write', async () => {
    const { path } = await create()
    const since = new Date(Date.now() + 3_600_000).toUTCString()
    const fresh = await get(path, { 'if-modified-since': since })
    expect([fresh.status, fresh.headers.get('last-modified')]).toEqual([200, null])
    const old = await createdAt(CHANGED)
    const headers = { 'if-modified-since': since }
    const { status } = await tenant.request('PATCH', old, { body: { name: 'x' }, headers })
    expect(status).toBe(200)
  })
})

describe('RFC 9110, 15.4.5: a 304', () => {
  it('has what the 200 has of ETag, Cache-Control and Vary, and nothing of the content', async () => {
    for (const path of await readPaths()) {
      const found = await get(path)
      const same = await get(path, { 'if-none-match': tagOf(found) })
      for (const name of ['etag', 'cache-control', 'vary']) {
        expect(same.headers.get(name), `${path} ${name}`).toBe(found.headers.get(name))
      }
      for (const name of ['content-type', 'content-length', 'last-modified', 'link']) {
        expect(same.headers.get(name), `${path} ${name}`).toBeNull()
      }
    }
  })
})

describe('RFC 9110, 9.3.2: HEAD', () => {
  it('has the headers of GET, and no body', async () => {
    // Of this request or its connection; the length of what is not sent need not be told.
    const changing = ['x-request-id', 'date', 'server-timing', 'age', 'content-length']
    const hop = ['connection', 'keep-alive', 'transfer-encoding']
    const own = ({ headers }: Answer<unknown>) =>
      [...headers].filter(([name]) => ![...changing, ...hop].includes(name))
    for (const path of await readPaths()) {
      await get(path)
      const [found, head] = [await get(path), await get(path, {}, 'HEAD')]
      expect([head.status, head.text], path).toEqual([200, ''])
      expect(own(head), path).toEqual(own(found))
      expect((await get(path, { 'if-none-match': tagOf(found) }, 'HEAD')).status, path).toBe(304)
    }
  })
})

describe('RFC 9110, 12.5.5: Vary', () => {
  it('names every header that decides what a read gives', async () => {
    for (const path of await readPaths()) {
      const vary = (await get(path)).headers.get('vary') ?? ''
      const names = vary.split(',').map((name) => name.trim().toLowerCase())
      expect(names.sort(), path).toEqual([
        'authorization',
        'tendril-bookmark',
        'tendril-consistency',
      ])
    }
  })
})

describe('RFC 9111, 5.1: Age', () => {
  const ages = { 'tendril-consistency': 'bounded=300' }

  it('is absent from what was just loaded, and grows while memory has it', async () => {
    const { path } = await create()
    expect((await get(path, ages)).headers.get('age')).toBeNull()
    expect((await get(path, ages)).headers.get('age')).toBe('0')
    await vi.waitFor(
      async () => expect(Number((await get(path, ages)).headers.get('age'))).toBeGreaterThan(1),
      PATIENCE,
    )
    const held = { 'if-none-match': tagOf(await get(path)), ...ages }
    expect((await get(path, held)).headers.get('age')).toMatch(/^\d+$/)
  })
})

describe('RFC 9211: Cache-Status', () => {
  it('is a list that names each cache, the nearest to the data first', async () => {
    const { path } = await create()
    const status = async () =>
      parseList((await get(path)).headers.get('cache-status') ?? '').map(([name, params]) => [
        String(name),
        Object.fromEntries([...params].map(([key, value]) => [key, String(value)])),
      ])
    expect(await status()).toEqual([['tendril-memory', { fwd: 'miss' }]])
    expect(await status()).toEqual([['tendril-memory', { hit: 'true' }]])
  })
})

describe('Server-Timing', () => {
  it('says what a read waited for, and nothing else', async () => {
    const { path } = await create()
    const timing = async (level: string) => {
      const { headers } = await get(path, { 'tendril-consistency': level })
      return Object.fromEntries(
        parseList(headers.get('server-timing') ?? '').map(([name, params]) => [
          String(name),
          Object.fromEntries(params),
        ]),
      )
    }
    const loaded = await timing('session')
    expect(loaded.load?.dur).toBeGreaterThanOrEqual(0)
    const again = await timing('bounded=300')
    // Who asks, it may have had to learn anew.
    expect([again.load, again.log]).toEqual([undefined, undefined])
    const strong = await timing('strong')
    expect(strong.log?.dur).toBeGreaterThanOrEqual(0)
  })
})

describe('Tendril-Stale', () => {
  it('is an integer where it is there (RFC 9651), and never within the bound', async () => {
    const { path } = await create()
    const headers = { 'tendril-consistency': 'bounded=0; stale-if-error' }
    await get(path)
    expect((await get(path, headers)).headers.get('tendril-stale')).toBeNull()
    await withFaults({ cutBefore: 1 }, async () => {
      const answer = await get<Page<Entity>>(path, headers)
      const stale = answer.headers.get('tendril-stale')
      expect(answer.status).toBe(200)
      if (stale !== null) expect(parseItem(stale)[0]).toBe(1)
    })
  })
})
