import { SignJWT } from 'jose'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { isAllowed } from '../../../core/auth/permissions.ts'
import { hashApiKey, mintApiKey } from '../../../workers/security/api-keys.ts'
import {
  type Caller,
  callerWith,
  newTenant,
  openApi,
  type Page,
  type RequestOptions,
  type Role,
  type Tenant,
} from '../../harness/api.ts'
import { evictObjects, withFaults } from '../../harness/faults.ts'
import { makeOperator } from '../../harness/operator.ts'
import { ownerSql } from '../../harness/owner-sql.ts'
import { PATIENCE } from '../../harness/patience.ts'
import { type Fixture, fixtureOf, SAMPLES, type SampleRequest } from './security-samples.ts'

const OPEN = /^\/(health|api\/v1\/(auth|files))(\/|$)/
const secured = (await openApi()).operations.filter(({ path }) => !OPEN.test(path))

let fixture: Fixture
let stranger: Tenant
let suspendedCallers: readonly Caller[]
/** For each route a request that was good before the tenant was suspended. */
let suspendedRequests: ReadonlyMap<string, SampleRequest>
let keys: Record<Role, Caller & { readonly key: string }>
let badCredentials: Readonly<Record<string, string>>
/** Every answer to the requests of this file but those that show a new secret. */
const transcript: string[] = []

beforeAll(async () => {
  const tenant = await newTenant()
  await makeOperator(tenant)
  stranger = await newTenant()
  fixture = await fixtureOf(tenant)
  keys = {
    owner: await tenant.apiKey('owner'),
    admin: await tenant.apiKey('admin'),
    writer: await tenant.apiKey('writer'),
    reader: await tenant.apiKey('reader'),
  }
  badCredentials = await credentialsThatAreNotGood(tenant)
  const suspended = await fixtureOf(await newTenant())
  suspendedCallers = [suspended.tenant, await suspended.tenant.apiKey('owner')]
  suspendedRequests = await samplesOf(suspended)
  await suspend(suspended.tenant)
})

async function samplesOf(fixture: Fixture): Promise<ReadonlyMap<string, SampleRequest>> {
  const requests = new Map<string, SampleRequest>()
  for (const [route, { request, isOperators }] of Object.entries(SAMPLES)) {
    if (!isOperators) requests.set(route, await request(fixture))
  }
  return requests
}

/** As the tenant's log would have it; its object, which did not do it, has to read it anew. */
async function suspend(tenant: Tenant): Promise<void> {
  await ownerSql(
    'catalog',
    tenant.id,
    `with suspended as (
      update tenants set state = 'suspended', seq = seq + 1 where id = $1 returning id, seq
    )
    insert into events (tenant_id, seq, at, kind, subject_id, actor, request_id, commit_id)
    select id, seq, now(), 'tenant.suspended', id, 'operator', 'test', 'test' from suspended`,
    [tenant.id],
  )
  await evictObjects()
  const isRefused = async () => expect((await tenant.request('GET', '/graphs')).status).toBe(403)
  await vi.waitFor(isRefused, PATIENCE)
}

async function credentialsThatAreNotGood(tenant: Tenant) {
  const good = keys.owner.key
  const revoked = await tenant.apiKey('owner')
  await tenant.request('DELETE', `/keys/${revoked.id}`)
  const { body: expired } = await tenant.request<{ key: string }>('POST', '/keys', {
    body: { name: 'Old', role: 'owner', expires_at: '2020-01-01T00:00:00Z' },
  })
  const [header = '', payload = '', signature = ''] = tenant.token.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const forged = new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
  const last = good.endsWith('0') ? '1' : '0'
  return {
    'text that is no credential': 'letmein',
    'a key with a wrong checksum': good.slice(0, -1) + last,
    'a key that is cut off': good.slice(0, -1),
    'a well-formed key that nobody has': mintApiKey(),
    'the hash of a key': await hashApiKey(good),
    'a revoked key': revoked.key,
    'an expired key': expired.key,
    'a token without its signature': `${header}.${payload}.`,
    'a token with alg none': `${encoded({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
    'a token of another tenant': `${header}.${encoded({ ...claims, tid: stranger.id })}.${signature}`,
    'a token made to last': `${header}.${encoded({ ...claims, exp: claims.exp + 1e6 })}.${signature}`,
    'a token signed by somebody else': await forged.sign(new TextEncoder().encode('x'.repeat(40))),
  }
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** Sends and keeps the answer, for the search for secrets at the end. */
async function send(caller: Caller, method: string, { path, ...options }: SampleRequest) {
  const answer = await caller.request(method, path, options as RequestOptions)
  if (!(answer.status === 201 && ['/keys', '/invitations'].includes(path))) {
    transcript.push(answer.text, ...[...answer.headers].flat())
  }
  return answer
}

/** All that a tenant's API shows of its own records. */
async function everything({ tenant, graph }: Pick<Fixture, 'tenant' | 'graph'>): Promise<unknown> {
  const shown = []
  for (const path of [
    '/invitations?limit=1000',
    '/keys',
    '/graphs',
    `/graphs/${graph}/changes?limit=1000`,
    '/changes',
  ]) {
    shown.push((await tenant.request<Page<unknown>>('GET', path)).body)
  }
  return shown
}

it('every route that needs a credential says so, and has a sample here', () => {
  const routes = secured.map(({ method, path }) => `${method} ${path}`)
  expect(Object.keys(SAMPLES).sort()).toEqual(routes.sort())
  expect(routes.length).toBeGreaterThan(25)
})

/** A test of those routes that it makes sense for. */
function itWhere(applies: boolean, title: string, test: () => Promise<void>): void {
  if (applies) it(title, test)
}

describe.each(secured)('$method $path', ({ method, path }) => {
  const sample = SAMPLES[`${method} ${path}`]
  const allowed = (role: Role) => sample !== undefined && isAllowed(role, sample.permission, true)
  let request: SampleRequest
  let before: unknown

  beforeAll(async () => {
    if (!sample) throw new Error('this route has no sample')
    request = await sample.request(fixture)
    before = await everything(fixture)
  })

  it('answers 401 without a credential, or with one in another form', async () => {
    const { status, headers, body } = await send(callerWith(null), method, request)
    expect([status, body.code]).toEqual([401, 'unauthenticated'])
    expect(headers.get('www-authenticate')).toBe('Bearer')
    const { token } = fixture.tenant
    for (const authorization of ['', token, `Basic ${token}`, 'Bearer', `Bearer ${token} x`]) {
      const headers = { ...request.headers, authorization }
      const answer = await send(callerWith(null), method, { ...request, headers })
      expect.soft(answer.status, authorization).toBe(401)
    }
  })

  it('answers 401 to every credential that is not, or no longer, good', async () => {
    for (const [what, credential] of Object.entries(badCredentials)) {
      const { status, body } = await send(callerWith(credential), method, request)
      expect.soft([status, body.code], what).toEqual([401, 'unauthenticated'])
    }
  })

  itWhere(
    sample?.isOperators === true,
    'answers 403 to the owner of any other tenant',
    async () => {
      for (const caller of [stranger, await stranger.apiKey('owner')]) {
        const { status, body } = await send(caller, method, request)
        expect([status, body.code]).toEqual([403, 'forbidden'])
      }
    },
  )

  // A consumer is no tenant's.
  const isOwned = /\{(?!consumer\})/.test(path) && !sample?.isOperators
  itWhere(isOwned, 'does not exist for another tenant', async () => {
    // A bookmark of the other tenant would be refused before anything else.
    const { 'tendril-bookmark': _, ...headers } = request.headers ?? {}
    const { status, body } = await send(stranger, method, { ...request, headers })
    expect([status, body.code]).toEqual([404, 'not_found'])
    const owned = await stranger.apiKey('owner')
    expect((await send(owned, method, { ...request, headers })).status).toBe(404)
  })

  itWhere(
    path.includes('{graph}') && path.includes('{id}'),
    'does not find the record in a graph of another tenant',
    async () => {
      const inDefault = { ...request, path: request.path.replace(fixture.graph, 'default') }
      expect((await send(stranger, method, inDefault)).status).toBe(404)
    },
  )

  itWhere(!allowed('reader'), 'answers 403 to a reader', async () => {
    const { status, body } = await send(keys.reader, method, request)
    expect([status, body.code]).toEqual([403, 'forbidden'])
  })

  itWhere(!allowed('writer'), 'answers 403 to a writer', async () => {
    const { status, body } = await send(keys.writer, method, request)
    expect([status, body.code]).toEqual([403, 'forbidden'])
  })

  it('answers 403 to a tenant that is suspended', async () => {
    const own = suspendedRequests.get(`${method} ${path}`) ?? request
    for (const caller of suspendedCallers) {
      const { status, body } = await send(caller, method, own)
      expect([status, body.code]).toEqual([403, 'forbidden'])
    }
  })

  it('says only that the database is away when it is', async () => {
    const { status, body } = await withFaults({ cutBefore: 1 }, () =>
      send(keys.owner, method, request),
    )
    // What memory has, and the log has not changed since, needs no database.
    const isCached = sample?.permission === 'graph.read' && status === 200
    if (!isCached) expect([status, body.code]).toEqual([503, 'unavailable'])
  })

  it('has changed nothing by all that', async () => {
    expect(await everything(fixture)).toEqual(before)
  })

  it('answers the lowest role that may', async () => {
    const role = (['reader', 'writer', 'admin'] as const).find(allowed) ?? 'owner'
    const { status } = await send(keys[role], method, request)
    expect([200, 201, 202, 204]).toContain(status)
  })
})

describe('a secret', () => {
  it('is in no answer but the one that makes it', async () => {
    const { tenant } = fixture
    const hash = await ownerSql('catalog', tenant.id, 'select password_hash from users')
    const secrets = [
      ...Object.values(keys).map(({ key }) => key),
      await hashApiKey(keys.owner.key),
      tenant.token,
      tenant.password,
      'argon2',
      'postgres:',
      'postgresql:',
      'tendril_app',
      ...hash.map(({ password_hash }) => String(password_hash)),
    ]
    const said = transcript.join('\n')
    expect(transcript.length).toBeGreaterThan(1_000)
    for (const secret of secrets) expect.soft(said.includes(secret), secret).toBe(false)
    // The search would find one: hints are the beginning of a key.
    expect(said).toContain(keys.owner.key.slice(0, 17))
  })

  it('is not in the answer about an error of ours, which names only the request', async () => {
    const { tenant, graph, from } = fixture
    const seqs = await ownerSql(
      'shard',
      tenant.id,
      `update events set after = null where subject_id = $1 and kind = 'entity.created' returning seq`,
      [from.id],
    )
    const path = `/graphs/${graph}/entities/${from.id}?as_of=${seqs[0]?.seq}`
    const headers = { 'x-request-id': 'the-request-of-this-test' }
    const { status, body } = await tenant.request('GET', path, { headers })
    expect(status).toBe(500)
    expect(body).toEqual({
      type: 'urn:tendril:problem:internal',
      title: 'Internal',
      status: 500,
      code: 'internal',
      detail: 'an internal error; quote the request id when you report it',
      instance: `/api/v1/graphs/${graph}/entities/${from.id}`,
      request_id: 'the-request-of-this-test',
    })
  })
})
