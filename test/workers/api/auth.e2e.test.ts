import { beforeAll, describe, expect, it } from 'vitest'
import { callerWith, fieldsOf, newTenant, type Tenant } from '../../harness/api.ts'
import { range } from '../../harness/sequences.ts'

type Session = {
  readonly access_token: string
  readonly token_type: string
  readonly expires_in: number
  readonly tenant_id: string
  readonly user_id: string
}

const anybody = callerWith(null)
const password = 'correct horse battery staple'
let tenant: Tenant

beforeAll(async () => {
  tenant = await newTenant()
})

const register = <Body = Session & { graph: string }>(
  body: unknown,
  headers: Record<string, string> = {},
) => anybody.request<Body>('POST', '/auth/register', { body, headers })

const logIn = <Body = Session>(body: unknown) =>
  anybody.request<Body>('POST', '/auth/login', { body })

const newEmail = () => `${crypto.randomUUID()}@example.com`

describe('registration', () => {
  it('logs the owner in, to a tenant with a graph', async () => {
    const { status, headers, body } = await register({
      tenant_name: 'Analytical Engines',
      email: newEmail(),
      password,
    })
    expect([status, body.token_type, body.graph]).toEqual([201, 'Bearer', 'default'])
    expect(body.expires_in).toBe(3_600)
    expect(headers.get('cache-control')).toBe('private, no-store')
    const owner = callerWith(body.access_token)
    expect((await owner.request('GET', '/entities')).status).toBe(200)
    expect((await owner.request('GET', '/keys')).status).toBe(200)
  })

  it('is refused by all its bad fields at once', async () => {
    const body = { tenant_name: ' ', email: 'ada', password: 'short', plan: 'free' }
    const answer = await register<object>(body)
    expect(answer.status).toBe(422)
    expect(fieldsOf(answer.body)).toEqual(['/email', '/password', '/plan', '/tenant_name'])
    const odd = await register<object>({ tenant_name: 'a\0', email: newEmail(), password })
    expect([odd.status, fieldsOf(odd.body)]).toEqual([422, ['/tenant_name']])
  })

  it('takes an e-mail address once, in whatever case', async () => {
    const email = newEmail()
    await register({ tenant_name: 'First', email, password })
    for (const same of [email, email.toUpperCase()]) {
      const again = await register<{ code: string }>({
        tenant_name: 'Second',
        email: same,
        password,
      })
      expect([again.status, again.body.code]).toEqual([409, 'email_taken'])
    }
  })

  it('at the same moment succeeds once', async () => {
    const email = newEmail()
    const answers = await Promise.all(
      range(4).map((n) => register({ tenant_name: `Racer ${n}`, email, password })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409])
  })

  it('repeated with its key and password answers for the same tenant', async () => {
    const email = newEmail()
    const headers = { 'idempotency-key': 'sign-up' }
    const body = { tenant_name: 'Repeated', email, password }
    const answers = await Promise.all(range(3).map(() => register(body, headers)))
    const again = await register(body, headers)
    expect([...answers, again].map(({ status }) => status)).toEqual([201, 201, 201, 201])
    const tenants = new Set([...answers, again].map(({ body }) => body.tenant_id))
    expect(tenants.size).toBe(1)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(answers.filter(({ headers }) => !headers.has('idempotency-replayed'))).toHaveLength(1)

    const guess = await register<{ code: string }>(
      { ...body, password: 'a guess at the password' },
      headers,
    )
    expect([guess.status, guess.body.code]).toEqual([401, 'unauthenticated'])
    const other = await register<{ code: string }>({ ...body, tenant_name: 'Other' }, headers)
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_mismatch'])
  })
})

describe('login', () => {
  it('gives a token for the tenant, whatever the case of the address', async () => {
    for (const email of [tenant.email, tenant.email.toUpperCase()]) {
      const { status, body } = await logIn({ email, password: tenant.password })
      expect([status, body.tenant_id]).toEqual([200, tenant.id])
      expect((await callerWith(body.access_token).request('GET', '/keys')).status).toBe(200)
    }
    const named = { email: tenant.email, password: tenant.password, tenant_id: tenant.id }
    expect((await logIn(named)).status).toBe(200)
  })

  it('says the same of a wrong password, an unknown address and another tenant', async () => {
    const stranger = await newTenant()
    const { email } = tenant
    const attempts = [
      { email, password: 'wrong horse battery staple' },
      { email, password: `${tenant.password} ` },
      { email: newEmail(), password },
      { email, password, tenant_id: stranger.id },
      { email, password, tenant_id: crypto.randomUUID() },
    ]
    const answers = await Promise.all(attempts.map((body) => logIn<{ detail: string }>(body)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]))
    expect(new Set(answers.map(({ body }) => body.detail)).size).toBe(1)
  })

  it('is refused by all its bad fields at once', async () => {
    const answer = await logIn<object>({ email: 'x', password: '', tenant_id: 'y', otp: '1' })
    expect(answer.status).toBe(422)
    expect(fieldsOf(answer.body)).toEqual(['/email', '/otp', '/password', '/tenant_id'])
  })

  it('takes passwords of any script, composed or not', async () => {
    const email = newEmail()
    await register({ tenant_name: 'Unicode', email, password: 'pässwörd \u{1f331} long' })
    const decomposed = 'pässwörd \u{1f331} long'.normalize('NFD')
    expect((await logIn({ email, password: decomposed })).status).toBe(200)
  })
})
