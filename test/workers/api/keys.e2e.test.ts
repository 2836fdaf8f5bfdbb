import { beforeAll, describe, expect, it } from 'vitest'
import {
  type ApiKey,
  callerWith,
  fieldsOf,
  newTenant,
  type Page,
  type Tenant,
} from '../../harness/api.ts'

let tenant: Tenant

beforeAll(async () => {
  tenant = await newTenant()
})

const create = <Body = ApiKey & { key: string }>(
  body: unknown,
  headers: Record<string, string> = {},
) => tenant.request<Body>('POST', '/keys', { body, headers })

async function listed(): Promise<readonly ApiKey[]> {
  return (await tenant.request<Page<ApiKey>>('GET', '/keys')).body.items
}

describe('an API key', () => {
  it('is shown once, when it is made, and works at once', async () => {
    const { status, headers, body } = await create({ name: '  Ingest  ', role: 'writer' })
    expect(status).toBe(201)
    const { key, ...rest } = body
    expect(key).toMatch(/^tendril_live_[0-9A-Za-z]{33}$/)
    expect(headers.get('location')).toBe(`/api/v1/keys/${body.id}`)
    expect(rest).toMatchObject({
      name: 'Ingest',
      role: 'writer',
      hint: key.slice(0, 17),
      expires_at: null,
      revoked_at: null,
      created_by: expect.stringMatching(/^user:/),
    })
    expect(await listed()).toContainEqual(rest)
    expect((await callerWith(key).request('GET', '/graphs')).status).toBe(200)
  })

  it('is a writer unless a role is given', async () => {
    expect((await create({ name: 'Plain' })).body.role).toBe('writer')
  })

  it('expires when it was told to', async () => {
    const { body: later } = await create({ name: 'Later', expires_at: '2999-12-31T23:00:00+02:00' })
    expect(later.expires_at).toBe('2999-12-31T21:00:00.000Z')
    expect((await callerWith(later.key).request('GET', '/graphs')).status).toBe(200)
    const { body: past } = await create({ name: 'Past', expires_at: '2020-01-01T00:00:00Z' })
    expect((await callerWith(past.key).request('GET', '/graphs')).status).toBe(401)
  })

  it('is listed still when it is revoked, which happens once', async () => {
    const { body } = await create({ name: 'Brief' })
    const revoked = await tenant.request<string>('DELETE', `/keys/${body.id}`)
    expect([revoked.status, revoked.text]).toEqual([204, ''])
    const shown = (await listed()).find(({ id }) => id === body.id)
    expect(shown?.revoked_at).toMatch(/Z$/)
    const again = await tenant.request('DELETE', `/keys/${body.id}`)
    expect([again.status, again.body.code]).toEqual([404, 'not_found'])
    expect((await tenant.request('DELETE', `/keys/${crypto.randomUUID()}`)).status).toBe(404)
    const odd = await tenant.request('DELETE', '/keys/x')
    expect([odd.status, fieldsOf(odd.body)]).toEqual([422, ['id']])
  })

  it.each([
    [{}, ['/name']],
    [{ name: '  ', role: 'root', scope: 'all' }, ['/name', '/role', '/scope']],
    [{ name: 'x'.repeat(201) }, ['/name']],
    [{ name: 'a\0b' }, ['/name']],
    [{ name: 'half \ud800' }, ['/name']],
    [{ name: 'x', expires_at: 'tomorrow' }, ['/expires_at']],
    [{ name: 'x', expires_at: '2030-02-30T00:00:00Z' }, ['/expires_at']],
    [{ name: 'x', expires_at: '0000-01-01T00:00:00Z' }, ['/expires_at']],
    [{ name: 'x', expires_at: '9999-12-31T23:59:59-14:00' }, ['/expires_at']],
    [{ name: 'x', expires_at: 1_700_000_000 }, ['/expires_at']],
  ])('is refused by its fields: %j', async (body, fields) => {
    const answer = await create<object>(body)
    expect([answer.status, fieldsOf(answer.body)]).toEqual([422, fields])
  })

  it('made again by a repeat is the same one, without its secret', async () => {
    const headers = { 'idempotency-key': 'make-a-key' }
    const first = await create({ name: 'Once' }, headers)
    const again = await create<ApiKey & { key: null }>({ name: 'Once' }, headers)
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true'])
    expect(again.body).toEqual({ ...first.body, key: null })
    const other = await create<{ code: string }>({ name: 'Other' }, headers)
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_mismatch'])
    expect((await listed()).filter(({ name }) => name === 'Once')).toHaveLength(1)
  })

  it('revoked again by a repeat gives the first answer', async () => {
    const { body } = await create({ name: 'Twice revoked' })
    const headers = { 'idempotency-key': 'revoke-a-key' }
    const path = `/keys/${body.id}`
    expect((await tenant.request('DELETE', path, { headers })).status).toBe(204)
    const again = await tenant.request('DELETE', path, { headers })
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([204, 'true'])
  })
})
