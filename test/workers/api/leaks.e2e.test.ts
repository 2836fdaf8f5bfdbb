import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { tenantId } from '../../../core/ids.ts'
import { type Server, startServer } from '../../../scripts/local/server.ts'
import { type Stack, startStack } from '../../../scripts/local/stack.ts'
import { dropDatabases } from '../../../scripts/local/stack-databases.ts'
import { hashApiKey } from '../../../workers/security/api-keys.ts'
import { signAccessToken } from '../../../workers/security/tokens.ts'
import { ownerSql } from '../../harness/owner-sql.ts'
import { SqlChaos } from '../../harness/sql-chaos.ts'

// A worker of its own, whose secrets and log lines this test can see.

const databasePrefix = `leaks_${crypto.randomUUID().slice(0, 8)}`
const setupSecret = 'the setup secret that nobody may see'
const chaos = new SqlChaos()
const log: string[] = []
let folder: string
let stack: Stack
let server: Server

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tendril-leaks-'))
  stack = await startStack({
    dataDir: folder,
    postgresUrl: inject('pgUrl'),
    databasePrefix,
    // Of a role of the whole server: the other tests use the same.
    appPassword: 'tendril-test',
    faults: chaos,
  })
  server = await startServer({
    port: 0,
    bindings: { ...stack.bindings, TENDRIL_SETUP_SECRET: setupSecret },
    persistDir: join(folder, 'objects'),
    onLog: (line) => log.push(line),
  })
})

afterAll(async () => {
  await server.stop()
  await dropDatabases(stack.postgres, databasePrefix)
  await rm(folder, { recursive: true, force: true })
})

const UUID = /^[0-9a-f-]{36}$/
const password = 'correct horse battery staple'

async function call(method: string, path: string, credential = '', body?: unknown) {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(credential ? { authorization: `Bearer ${credential}` } : {}),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, text, body: text ? JSON.parse(text) : null }
}

async function register(fields: object = {}) {
  const { body } = await call('POST', '/auth/register', '', {
    tenant_name: 'Analytical Engines',
    email: `${crypto.randomUUID()}@example.com`,
    password,
    ...fields,
  })
  return body as { access_token: string; tenant_id: string; user_id: string }
}

it('an access token counts for an hour, for a member, and signed by us', async () => {
  const { tenant_id, user_id } = await register()
  const secret = stack.bindings.TENDRIL_JWT_SECRET
  const statusWith = async (changes: { userId?: string; secret?: string; ageMs?: number }) => {
    const token = await signAccessToken(
      changes.secret ?? secret,
      { userId: changes.userId ?? user_id, tenantId: tenantId(tenant_id) },
      Date.now() - (changes.ageMs ?? 0),
    )
    return (await call('GET', '/entities', token)).status
  }
  const minuteMs = 60_000
  expect(await statusWith({})).toBe(200)
  expect(await statusWith({ ageMs: 59 * minuteMs })).toBe(200)
  expect(await statusWith({ ageMs: 61 * minuteMs })).toBe(401)
  expect(await statusWith({ userId: crypto.randomUUID() })).toBe(401)
  expect(await statusWith({ secret: `${secret}x` })).toBe(401)
})

it('no secret gets into the log, an answer or a table, whatever goes wrong', async () => {
  const { access_token, tenant_id } = await register({ setup_secret: setupSecret })
  const invited = await call('POST', '/invitations', access_token, {})
  const { code } = invited.body as { code: string }
  const made = await call('POST', '/keys', access_token, { name: 'A key', role: 'admin' })
  const { key } = made.body as { key: string }
  const entity = await call('POST', '/entities', key, { type: 'thing' })
  const { id } = entity.body as { id: string }
  const said: string[] = []
  const say = async (...request: Parameters<typeof call>) => {
    const { status, text } = await call(...request)
    said.push(text)
    return status
  }
  const login = { email: 'ada@example.com', password }

  // What a caller does wrong is no line in the log.
  const before = log.length
  expect(await say('POST', '/auth/login', '', login)).toBe(401)
  expect(await say('POST', '/auth/login', '', { ...login, secret: password })).toBe(422)
  expect(await say('GET', '/keys', `${key}x`)).toBe(401)
  expect(await say('GET', `/entities/${id}x`, key)).toBe(422)
  expect(await say('GET', '/invitations', access_token)).toBe(200)
  expect(await say('GET', '/invitations', `${code}`)).toBe(401)
  const guest = { tenant_name: 'Guest', email: 'guest@example.com', password }
  const shown = [{ setup_secret: setupSecret }, { setup_secret: code }, { invitation: setupSecret }]
  for (const each of shown) {
    expect(await say('POST', '/auth/register', '', { ...guest, ...each })).toBe(403)
  }
  const both = { ...guest, setup_secret: setupSecret, invitation: code }
  expect(await say('POST', '/auth/register', '', both)).toBe(422)
  expect(log.slice(before)).toEqual([])

  // Ours are: an error nobody foresaw, statements that get lost, and a database that is away.
  await ownerSql('shard', tenant_id, 'update events set after = null where subject_id = $1', [id])
  expect(await say('GET', `/entities/${id}?as_of=1`, key)).toBe(500)
  for (const faults of [{ cutBefore: 1 }, { cutAfter: 1 }]) {
    chaos.set({ cutBefore: 0, cutAfter: 0, delayMs: 0, seed: 1, ...faults })
    expect(await say('POST', '/auth/login', '', login)).toBe(503)
    expect(await say('GET', '/keys', access_token)).toBe(503)
    expect(await say('POST', '/entities', key, { type: 'thing' })).toBe(503)
    const registration = { ...login, tenant_name: 'Other' }
    for (const each of [{}, { setup_secret: setupSecret }, { invitation: code }]) {
      expect(await say('POST', '/auth/register', '', { ...registration, ...each })).toBe(503)
    }
    expect(await say('POST', '/invitations', access_token, {})).toBe(503)
  }
  chaos.set({ cutBefore: 0, cutAfter: 0, delayMs: 0, seed: 1 })
  expect((await register({ invitation: code })).tenant_id).toMatch(UUID)
  const tables = ['tenants', 'events', 'commits', 'invitations', 'installation', 'api_keys']
  const stored = tables.map((each) => `select ${each}::text as row from ${each}`)
  for (const { row } of await ownerSql('catalog', tenant_id, stored.join(' union all '))) {
    for (const secret of [setupSecret, code, code.slice(15), key, password]) {
      expect(row).not.toContain(secret)
    }
  }
  await stack.stop()
  expect(await say('GET', '/entities', key)).toBe(503)
  expect(await say('GET', '/keys', access_token)).toBe(503)

  const lines = log.slice(before)
  expect(lines.length).toBeGreaterThanOrEqual(17)
  for (const line of lines) {
    const entry = JSON.parse(line)
    expect(entry).toMatchObject({ level: 'error', message: expect.any(String) })
    expect(entry.request_id).toMatch(UUID)
  }
  const { TENDRIL_JWT_SECRET, TENDRIL_CATALOG_URL, TENDRIL_SHARDS } = stack.bindings
  const secrets = [
    ...[password, key, key.slice(13), await hashApiKey(key), access_token],
    ...[setupSecret, code, code.slice(15), await hashApiKey(code)],
    ...[TENDRIL_JWT_SECRET, TENDRIL_CATALOG_URL, TENDRIL_SHARDS, 'tendril-test', '$argon2'],
    ...['postgres://tendril', 'postgresql://tendril', 'Bearer '],
  ]
  for (const text of [...lines, ...said]) {
    for (const secret of secrets) expect.soft(text.includes(secret), secret).toBe(false)
  }
})
