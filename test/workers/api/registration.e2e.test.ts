import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Server } from '../../../scripts/local/server.ts'
import { mintInvitationCode } from '../../../workers/security/invitation-codes.ts'
import { type Answer, type Caller, callerWith, fieldsOf, type Problem } from '../../harness/api.ts'
import { allPages, range } from '../../harness/sequences.ts'
import { type Installation, SETUP_SECRET, startInstallation } from './registration-stack.ts'

type Session = {
  readonly access_token: string
  readonly tenant_id: string
  readonly graph: string
}
type Invitation = {
  readonly id: string
  readonly email: string | null
  readonly code?: string | null
  readonly created_at: string
  readonly expires_at: string
  readonly used_at: string | null
  readonly used_by: string | null
  readonly revoked_at: string | null
}

const password = 'correct horse battery staple'
const setup = { setup_secret: SETUP_SECRET }
const newEmail = () => `${crypto.randomUUID()}@example.com`

let installation: Installation
let owner: Caller
let ownerTenant: string

beforeAll(async () => {
  installation = await startInstallation()
})

afterAll(() => installation.stop())

function register(
  server: Server,
  fields: object = {},
  headers: Record<string, string> = {},
): Promise<Answer<Session & Problem>> {
  const body = { tenant_name: 'Analytical Engines', email: newEmail(), password, ...fields }
  return callerWith(null, server.url).request('POST', '/auth/register', { body, headers })
}

/** All that a registration could leave behind. */
async function everything(): Promise<unknown> {
  const tables = ['tenants', 'users', 'memberships', 'graphs', 'events', 'commits', 'invitations']
  const counts = tables.map((each) => `(select count(*)::int from ${each}) as ${each}`)
  return [
    await installation.sql('catalog', `select ${counts.join()}`),
    await installation.sql('shard', 'select count(*)::int as graphs from graphs'),
  ]
}

async function refusedWithoutTrace(
  server: Server,
  fields: object,
): Promise<readonly [number, string, string]> {
  const before = await everything()
  const { status, body } = await register(server, fields)
  expect(await everything()).toEqual(before)
  return [status, body.code, body.detail]
}

const CLOSED = [403, 'registration_closed', 'registration is closed here']
const UNINVITED = [403, 'registration_closed', 'registration needs an invitation']
const REFUSED = [403, 'registration_refused', 'the invitation or setup secret is not valid']

describe('where nobody has set anything up', () => {
  it('registration is closed, and a refusal leaves nothing behind', async () => {
    expect(await refusedWithoutTrace(installation.closed, {})).toEqual(CLOSED)
    const invitation = mintInvitationCode()
    expect(await refusedWithoutTrace(installation.closed, { invitation })).toEqual(CLOSED)
    expect(await refusedWithoutTrace(installation.invite, {})).toEqual(UNINVITED)
  })

  it('a wrong setup secret says no more than that it is wrong', async () => {
    for (const setup_secret of ['x', `${SETUP_SECRET} `, SETUP_SECRET.slice(1)]) {
      for (const server of [installation.closed, installation.invite]) {
        expect(await refusedWithoutTrace(server, { setup_secret })).toEqual(REFUSED)
      }
    }
    // There is none: nothing is like it, the empty one included.
    expect(await refusedWithoutTrace(installation.open, setup)).toEqual(REFUSED)
    const { status, body } = await register(installation.open, { setup_secret: '' })
    expect([status, fieldsOf(body)]).toEqual([422, ['/setup_secret']])
  })

  it('nobody may invite, not even an owner', async () => {
    const { body } = await register(installation.open)
    const caller = callerWith(body.access_token, installation.open.url)
    const refused = await caller.request('POST', '/invitations', { body: {} })
    expect([refused.status, refused.body.code]).toEqual([403, 'forbidden'])
  })
})

describe('the first owner', () => {
  it('is one of those who come at once, however many answers get lost', async () => {
    const people = range(4).map((n) => ({ email: newEmail(), key: `first-${n}` }))
    const tries = async ({ email, key }: (typeof people)[number]) => {
      const headers = { 'idempotency-key': key }
      let answer = await register(installation.closed, { email, ...setup }, headers)
      while (answer.status === 503) {
        answer = await register(installation.closed, { email, ...setup }, headers)
      }
      return answer
    }
    installation.chaos.set({ cutBefore: 0.2, cutAfter: 0.2, delayMs: 5, seed: 7 })
    const answers = await Promise.all(people.map(tries)).finally(() =>
      installation.chaos.set({ cutBefore: 0, cutAfter: 0, delayMs: 0, seed: 1 }),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 403, 403, 403])
    for (const { status, body } of answers) {
      if (status === 403) expect([status, body.code, body.detail]).toEqual(REFUSED)
    }
    const winner = answers.findIndex(({ status }) => status === 201)
    const again = await tries(people[winner] ?? { email: '', key: '' })
    const { tenant_id, access_token } = again.body
    expect([again.status, tenant_id]).toEqual([201, answers[winner]?.body.tenant_id])
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    owner = callerWith(access_token, installation.invite.url)
    ownerTenant = tenant_id
    expect(await installation.sql('catalog', 'select tenant_id from installation')).toEqual([
      { tenant_id },
    ])
  })

  it('is the only one: afterwards the right secret is as good as a wrong one', async () => {
    for (const server of [installation.closed, installation.invite]) {
      expect(await refusedWithoutTrace(server, setup)).toEqual(REFUSED)
    }
    expect(await refusedWithoutTrace(installation.closed, {})).toEqual(CLOSED)
  })

  it('left losers behind whose tenants are gone a day later', async () => {
    // A registration that lost at the last moment, or of which nothing more was heard.
    await installation.sql(
      'catalog',
      'insert into tenants (id, history_id) values (gen_random_uuid(), gen_random_uuid())',
    )
    const pending = () =>
      installation.sql('catalog', `select id from tenants where state = 'pending'`)
    expect(await pending()).not.toEqual([])
    await installation.closed.runCron('17 * * * *')
    expect(await pending()).not.toEqual([])
    await installation.sql('catalog', `update tenants set created_at = now() - interval '25 hours'`)
    await installation.closed.runCron('17 * * * *')
    expect(await pending()).toEqual([])
    const kept = await installation.sql('catalog', 'select state from tenants where id = $1', [
      ownerTenant,
    ])
    expect(kept).toEqual([{ state: 'active' }])
  })
})

async function invite(
  body: object = {},
  headers: Record<string, string> = {},
): Promise<Answer<Invitation & Problem>> {
  return owner.request('POST', '/invitations', { body, headers })
}

async function newCode(body: object = {}): Promise<{ invitation: string; id: string }> {
  const { body: made } = await invite(body)
  return { invitation: made.code ?? '', id: made.id }
}

describe('an invitation', () => {
  it('is shown once, with a code that is good for a week', async () => {
    const { status, headers, body } = await invite()
    expect(status).toBe(201)
    const { code, ...rest } = body
    expect(code).toMatch(/^tendril_invite_[0-9A-Za-z]{33}$/)
    expect(headers.get('location')).toBe(`/api/v1/invitations/${body.id}`)
    expect(headers.get('cache-control')).toBe('private, no-store')
    expect(rest).toMatchObject({ email: null, used_at: null, used_by: null, revoked_at: null })
    const seconds = (Date.parse(body.expires_at) - Date.parse(body.created_at)) / 1_000
    expect(seconds).toBe(7 * 86_400)
    expect(await allPages(owner, '/invitations')).toContainEqual(rest)
  })

  it('lets one tenant in, which is not the operator’s', async () => {
    const { invitation, id } = await newCode()
    const { status, body } = await register(installation.invite, { invitation })
    expect([status, body.graph]).toEqual([201, 'default'])
    const guest = callerWith(body.access_token, installation.invite.url)
    expect((await guest.request('POST', '/entities', { body: { type: 'thing' } })).status).toBe(201)
    for (const [method, path] of [
      ['POST', '/invitations'],
      ['GET', '/invitations'],
      ['DELETE', `/invitations/${id}`],
    ] as const) {
      const refused = await guest.request(method, path, method === 'POST' ? { body: {} } : {})
      expect([refused.status, refused.body.code]).toEqual([403, 'forbidden'])
    }
    const shown = await allPages<Invitation>(owner, '/invitations')
    expect(shown.find((each) => each.id === id)).toMatchObject({
      used_by: body.tenant_id,
      used_at: expect.stringMatching(/Z$/),
    })
  })

  it('lets one in of many who come at once', async () => {
    const { invitation } = await newCode()
    const answers = await Promise.all(
      range(5).map(() => register(installation.invite, { invitation })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 403, 403, 403, 403])
  })

  it('lets the same one in again who repeats the request, and nobody who has only its key', async () => {
    const { invitation } = await newCode()
    const headers = { 'idempotency-key': 'guest' }
    const email = newEmail()
    const answers = await Promise.all(
      range(3).map(() => register(installation.invite, { invitation, email }, headers)),
    )
    const again = await register(installation.invite, { invitation, email }, headers)
    const all = [...answers, again]
    expect(all.map(({ status }) => status)).toEqual([201, 201, 201, 201])
    expect(new Set(all.map(({ body }) => body.tenant_id)).size).toBe(1)
    const guess = { invitation, email, password: 'a guess at the password' }
    expect((await register(installation.invite, guess, headers)).status).toBe(401)
    const other = { invitation: (await newCode()).invitation, email }
    expect((await register(installation.invite, other, headers)).status).toBe(422)
  })

  it('is refused alike, and without a trace, whatever is wrong with it', async () => {
    const used = await newCode()
    const guest = await register(installation.invite, { invitation: used.invitation })
    expect(guest.status).toBe(201)
    const revoked = await newCode()
    const path = `/invitations/${revoked.id}`
    expect((await owner.request('DELETE', path)).status).toBe(204)
    expect((await owner.request('DELETE', path)).status).toBe(404)
    expect((await owner.request('DELETE', `/invitations/${used.id}`)).status).toBe(404)
    const expired = await newCode({ expires_in: 60 })
    await installation.sql('catalog', 'update invitations set expires_at = now() where id = $1', [
      expired.id,
    ])
    const bound = await newCode({ email: 'ada@example.com' })
    const bad = [used, revoked, expired, bound].map(({ invitation }) => invitation)
    for (const invitation of [...bad, mintInvitationCode(), 'letmein', `${used.invitation}x`]) {
      const refusal = await refusedWithoutTrace(installation.invite, { invitation })
      expect(refusal, invitation).toEqual(REFUSED)
    }
    const email = 'Ada@Example.com'
    const { status } = await register(installation.invite, { invitation: bound.invitation, email })
    expect(status).toBe(201)
  })

  it('stays good when the address is taken, which only who has one learns', async () => {
    const { invitation } = await newCode()
    const email = newEmail()
    await register(installation.open, { email })
    const refusal = await refusedWithoutTrace(installation.invite, { invitation, email })
    expect(refusal.slice(0, 2)).toEqual([409, 'email_taken'])
    const unknown = { invitation: mintInvitationCode(), email }
    expect(await refusedWithoutTrace(installation.invite, unknown)).toEqual(REFUSED)
    expect((await register(installation.invite, { invitation })).status).toBe(201)
  })

  it('works where registration is open, and not where it is closed', async () => {
    const { invitation, id } = await newCode()
    expect(await refusedWithoutTrace(installation.closed, { invitation })).toEqual(CLOSED)
    expect((await register(installation.open, { invitation })).status).toBe(201)
    const shown = await allPages<Invitation>(owner, '/invitations')
    expect(shown.find((each) => each.id === id)?.used_at).not.toBeNull()
  })

  it('made again by a repeat is the same one, without its code', async () => {
    const headers = { 'idempotency-key': 'invite-once' }
    const first = await invite({ expires_in: 120 }, headers)
    const again = await invite({ expires_in: 120 }, headers)
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true'])
    expect(again.body).toEqual({ ...first.body, code: null })
  })

  it('is listed page by page, newest first, without codes', async () => {
    const made = [await newCode(), await newCode(), await newCode()]
    const all = await allPages<Invitation>(owner, '/invitations')
    expect(await allPages(owner, '/invitations?limit=2')).toEqual(all)
    expect(all.slice(0, 3).map(({ id }) => id)).toEqual(made.map(({ id }) => id).reverse())
    expect(all.every((each) => !('code' in each) && !('hash' in each))).toBe(true)
  })

  it.each([
    [{ email: 'ada' }, ['/email']],
    [{ expires_in: 59, role: 'owner' }, ['/expires_in', '/role']],
    [{ expires_in: 91 * 86_400 }, ['/expires_in']],
    [{ expires_in: 1.5 }, ['/expires_in']],
  ])('is refused by its fields: %j', async (body, fields) => {
    const answer = await invite(body)
    expect([answer.status, fieldsOf(answer.body)]).toEqual([422, fields])
  })

  it('cannot be listed by parameters that it does not have', async () => {
    const { status, body } = await owner.request('GET', '/invitations?limit=0&after=x')
    expect([status, fieldsOf(body)]).toEqual([422, ['after', 'limit']])
    const odd = await owner.request('GET', '/invitations?cursor=x')
    expect([odd.status, odd.body.code]).toEqual([400, 'malformed_request'])
  })

  it('and a setup secret are not shown together', async () => {
    const both = { ...setup, invitation: mintInvitationCode(), email: 'x' }
    const { status, body } = await register(installation.invite, both)
    expect([status, fieldsOf(body)]).toEqual([422, ['/email', '/invitation']])
  })
})
