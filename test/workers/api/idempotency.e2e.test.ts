import { beforeAll, describe, expect, it } from 'vitest'
import {
  type Changes,
  type Entity,
  fieldsOf,
  newTenant,
  openApi,
  type Page,
  type Tenant,
} from '../../harness/api.ts'
import { etagOf } from '../../harness/etags.ts'
import { evictObjects } from '../../harness/faults.ts'
import { makeOperator } from '../../harness/operator.ts'
import { range } from '../../harness/sequences.ts'
import { type Fixture, fixtureOf, SAMPLES } from './security-samples.ts'

let tenant: Tenant
let fixture: Fixture

beforeAll(async () => {
  tenant = await newTenant()
  await makeOperator(tenant)
  fixture = await fixtureOf(tenant)
})

const REPLAYED = 'idempotency-replayed'
const withKey = (key = crypto.randomUUID()) => ({ 'idempotency-key': key })

async function head(graph = 'default'): Promise<number> {
  const path = `/graphs/${graph}/changes?limit=1`
  return (await tenant.request<Changes>('GET', path)).body.head
}

const takingKeys = (await openApi()).operations.filter(({ parameters = [] }) =>
  parameters.some(({ name }) => name === 'idempotency-key'),
)

/** Repeated, they say how the job is now. */
const CHANGES_OF_JOBS = /\/jobs\//
/** Repeated, they leave the same value of the caller's, or none. */
const DERIVED = /\/derived\//
const QUESTIONS = /\/(lookup|login|traverse|paths|subgraph|common-neighbors)$/

it('every route that changes something takes an idempotency key', async () => {
  const changing = (await openApi()).operations.filter(
    ({ method, path }) =>
      method !== 'GET' && ![QUESTIONS, CHANGES_OF_JOBS, DERIVED].some((each) => each.test(path)),
  )
  expect(takingKeys).toEqual(changing)
})

const secured = takingKeys.filter(({ path }) => !path.includes('/auth/'))

/** A secret, of a key or an invitation, is shown once. */
function shownAgain(body: object | undefined): unknown {
  const secrets = ['key', 'code'].filter((name) => body && name in body)
  return body && { ...body, ...Object.fromEntries(secrets.map((name) => [name, null])) }
}

/** A test of those routes that it makes sense for. */
function itWhere(applies: boolean, title: string, test: () => Promise<void>): void {
  if (applies) it(title, test)
}

describe.each(secured)('$method $path repeated with its key', ({ method, path }) => {
  it('gives the first answer, says so, and does nothing twice', async () => {
    const sample = await SAMPLES[`${method} ${path}`]?.request(fixture)
    if (!sample) throw new Error('this route has no sample')
    const send = (more: object = {}) =>
      tenant.request<object>(method, sample.path, {
        ...sample,
        headers: { ...sample.headers, 'idempotency-key': 'once' },
        ...more,
      })
    const answers = await Promise.all(range(4).map(() => send()))
    const [first, ...repeats] = answers.toSorted(
      (a, b) => Number(a.headers.has(REPLAYED)) - Number(b.headers.has(REPLAYED)),
    )
    expect([200, 201, 202, 204]).toContain(first?.status)
    expect(first?.headers.get(REPLAYED)).toBeNull()
    const seq = path.includes('{graph}/') ? await head(fixture.graph) : 0
    await evictObjects()
    for (const answer of [...repeats, await send()]) {
      expect(answer.headers.get(REPLAYED)).toBe('true')
      expect(answer.status).toBe(first?.status)
      expect(answer.body).toEqual(shownAgain(first?.body))
      for (const name of ['etag', 'location', 'tendril-bookmark']) {
        expect.soft(answer.headers.get(name), name).toBe(first?.headers.get(name))
      }
    }
    if (path.includes('{graph}/')) expect(await head(fixture.graph)).toBe(seq)
  })

  const hasBody = method !== 'DELETE' && !path.endsWith('/export')
  itWhere(hasBody, 'and another body is refused', async () => {
    const sample = await SAMPLES[`${method} ${path}`]?.request(fixture)
    if (!sample) throw new Error('this route has no sample')
    const headers = { ...sample.headers, ...withKey() }
    await tenant.request(method, sample.path, { body: sample.body, headers })
    const body = `${typeof sample.body === 'string' ? sample.body : JSON.stringify(sample.body)} `
    const { status, body: problem } = await tenant.request(method, sample.path, { body, headers })
    expect([status, problem.code]).toEqual([422, 'idempotency_mismatch'])
  })
})

describe('a key', () => {
  it('of a PATCH brings the record back as it was then', async () => {
    const made = await tenant.request<Entity>('POST', '/entities', { body: { type: 'thing' } })
    const path = `/entities/${made.body.id}`
    const options = { body: { properties: { n: 1 } }, headers: withKey() }
    const first = await tenant.request<Entity>('PATCH', path, options)
    await tenant.request('PATCH', path, { body: { properties: { n: 2 }, name: 'Later' } })
    const second = await tenant.request<Entity>('PATCH', path, options)
    expect(second.body).toEqual(first.body)
    expect(second.headers.get('etag')).toBe(first.headers.get('etag'))
    await tenant.request('DELETE', path)
    const third = await tenant.request<Entity>('PATCH', path, options)
    expect([third.status, third.body]).toEqual([200, first.body])
  })

  it('of a conditional write brings its answer back, not 412', async () => {
    const made = await tenant.request<Entity>('POST', '/entities', { body: { type: 'thing' } })
    const path = `/entities/${made.body.id}`
    const headers = { ...withKey(), 'if-match': etagOf(made.body.version, made) }
    const options = { body: { name: 'Changed' }, headers }
    const first = await tenant.request<Entity>('PATCH', path, options)
    const again = await tenant.request<Entity>('PATCH', path, options)
    expect([again.status, again.body]).toEqual([200, first.body])
    const other = {
      ...options,
      headers: { ...headers, 'if-match': etagOf(first.body.version, first) },
    }
    expect((await tenant.request('PATCH', path, other)).status).toBe(422)
  })

  it('of a request that was refused may be used again', async () => {
    const headers = withKey()
    const bad = { body: { type: 'thing', from: 1 }, headers }
    expect((await tenant.request('POST', '/entities', bad)).status).toBe(422)
    const tie = {
      body: { type: 'r', from_external_id: 'later', to_external_id: 'later' },
      headers: withKey(),
    }
    expect((await tenant.request('POST', '/relationships', tie)).status).toBe(409)
    const entity = { body: { type: 'thing', external_id: 'later' }, headers }
    expect((await tenant.request('POST', '/entities', entity)).status).toBe(201)
    const made = await tenant.request('POST', '/relationships', tie)
    expect([made.status, made.headers.get(REPLAYED)]).toEqual([201, null])
  })

  it('outlives a type that would refuse the request today', async () => {
    const options = { body: { type: 'defined-later' }, headers: withKey() }
    const first = await tenant.request<Entity>('POST', '/entities', options)
    await tenant.request('DELETE', `/entities/${first.body.id}`)
    const type = { kind: 'entity', name: 'defined-later', json_schema: { required: ['must'] } }
    expect((await tenant.request('POST', '/types', { body: type })).status).toBe(201)
    const again = await tenant.request<Entity>('POST', '/entities', options)
    expect([again.status, again.body]).toEqual([201, first.body])
    const fresh = await tenant.request('POST', '/entities', { ...options, headers: withKey() })
    expect(fresh.status).toBe(422)
  })

  it('counts for one route: others may use the same', async () => {
    const headers = withKey()
    const body = { type: 'thing' }
    const one = await tenant.request<Entity>('POST', '/entities', { body, headers })
    const path = `/graphs/${fixture.graph}/entities`
    const two = await tenant.request<Entity>('POST', path, { body, headers })
    expect([one.status, two.status]).toEqual([201, 201])
    expect(two.headers.has(REPLAYED)).toBe(false)
    expect(two.body.id).not.toBe(one.body.id)
  })

  it('used by 20 requests at once makes one record', async () => {
    const options = { body: { type: 'single' }, headers: withKey() }
    const answers = await Promise.all(
      range(20).map(() => tenant.request<Entity>('POST', '/entities', options)),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    expect(answers.filter(({ headers }) => !headers.has(REPLAYED))).toHaveLength(1)
    const list = await tenant.request<Page<Entity>>('GET', '/entities?type=single')
    expect(list.body.items).toHaveLength(1)
  })

  it('has 1 to 255 characters', async () => {
    const send = (key: string) =>
      tenant.request('POST', '/entities', { body: { type: 'thing' }, headers: withKey(key) })
    expect((await send('x'.repeat(255))).status).toBe(201)
    for (const key of ['', 'x'.repeat(256)]) {
      const { status, body } = await send(key)
      expect([status, fieldsOf(body)]).toEqual([422, ['Idempotency-Key']])
    }
  })
})
