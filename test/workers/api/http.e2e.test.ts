import { request as httpRequest } from 'node:http'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  type Caller,
  callerWith,
  type Entity,
  newTenant,
  openApi,
  type Page,
  type Tenant,
  urlOf,
} from '../../harness/api.ts'
import { ownStack } from '../../harness/own-stack.ts'

let tenant: Tenant
let entity: Entity

beforeAll(async () => {
  tenant = await newTenant()
  const made = await tenant.request<Entity>('POST', '/entities', { body: { type: 'thing' } })
  entity = made.body
})

const MAX_BODY_BYTES = 10 * 1024 * 1024

describe('a body', () => {
  it.each([
    ['no JSON', '{"type":', 400, 'malformed_request'],
    ['nothing', '', 400, 'malformed_request'],
    ['not UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 400, 'malformed_request'],
    ['UTF-16', new Uint8Array([0xff, 0xfe, 0x7b, 0, 0x7d, 0]), 400, 'malformed_request'],
    ['two values', '{}{}', 400, 'malformed_request'],
    ['null', 'null', 422, 'invalid'],
    ['a list', '[]', 422, 'invalid'],
    ['a very deep list', '['.repeat(100_000) + ']'.repeat(100_000), 422, 'invalid'],
    [
      'a very deep list with a long number',
      `${'['.repeat(100_000)}12345678901234567890${']'.repeat(100_000)}`,
      422,
      'invalid',
    ],
  ])('that is %s is refused', async (_what, body, expected, code) => {
    const paths = ['/entities', '/batch', '/entities/lookup', '/traverse', '/types', '/graphs']
    for (const path of paths) {
      const answer = await tenant.request('POST', path, { body })
      expect([answer.status, answer.body.code]).toEqual([expected, code])
    }
  })

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/x-ndjson',
    'application/jsonx',
    'application/ld+json',
    '',
  ])('of the type %j is 415', async (type) => {
    const headers = { 'content-type': type }
    for (const [method, path] of [
      ['POST', '/entities'],
      ['PATCH', `/entities/${entity.id}`],
      ['POST', '/keys'],
    ] as const) {
      const { status } = await tenant.request(method, path, { body: '{"type":"thing"}', headers })
      expect(status).toBe(415)
    }
  })

  it.each(['application/json; charset=utf-8', 'Application/JSON'])('may be %s', async (type) => {
    const headers = { 'content-type': type }
    const { status } = await tenant.request('POST', '/entities', {
      body: '\ufeff{"type":"thing"}'.slice(1),
      headers,
    })
    expect(status).toBe(201)
  })

  it.each([
    ['declared', (bytes: Uint8Array) => bytes],
    ['streamed', (bytes: Uint8Array) => new Response(bytes).body],
  ])('over 10 MB is 413, %s', async (_how, bodyOf) => {
    for (const megabytes of [11, 30]) {
      const response = await fetch(urlOf('/entities'), {
        method: 'POST',
        headers: { authorization: `Bearer ${tenant.token}`, 'content-type': 'application/json' },
        body: bodyOf(new Uint8Array(megabytes * 1024 * 1024).fill(0x20)),
        duplex: 'half',
      } as RequestInit)
      expect(response.status).toBe(413)
      expect(await response.json()).toMatchObject({ code: 'payload_too_large' })
    }
    expect((await tenant.request('GET', '/entities?limit=1')).status).toBe(200)
  })

  it('that is large does not keep a client from being told what else is wrong', async () => {
    const body = ' '.repeat(8 * 1024 * 1024)
    const headers = { 'content-type': 'application/json' }
    const attempt = async (caller: Caller, method: string, path: string) =>
      (await caller.request(method, path, { body, headers })).status
    expect(await attempt(callerWith(null), 'POST', '/entities')).toBe(401)
    expect(await attempt(callerWith('nonsense'), 'POST', '/entities')).toBe(401)
    expect(await attempt(tenant, 'POST', '/nope')).toBe(404)
    expect(await attempt(tenant, 'PUT', '/entities')).toBe(405)
    expect(await attempt(tenant, 'POST', '/entities')).toBe(400)
  })

  it('of just 10 MB is taken', async () => {
    const text = '{"type":"thing"}'.padEnd(MAX_BODY_BYTES)
    expect((await tenant.request('POST', '/entities', { body: text })).status).toBe(201)
  })
})

describe('a path or method that does not exist', () => {
  it.each([
    '/nope',
    '/entities/',
    `/entities/${crypto.randomUUID()}/nope`,
    '//api/v2/entities',
    '//api/v1',
    '/graphs/default/nope',
  ])('%s is 404, with or without a credential', async (path) => {
    for (const caller of [tenant, callerWith(null), callerWith('nonsense')]) {
      const { status, body } = await caller.request('GET', path)
      expect([status, body.code]).toEqual([404, 'route_not_found'])
    }
  })

  it.each([
    ['PUT', '/entities', 'GET, HEAD, POST'],
    ['POST', `/entities/${crypto.randomUUID()}`, 'DELETE, GET, HEAD, PATCH'],
    ['GET', '/batch', 'POST'],
    ['DELETE', '/graphs', 'GET, HEAD, POST'],
    ['OPTIONS', '/types', 'GET, HEAD, POST'],
    ['GET', '/auth/login', 'POST'],
    ['POST', '/openapi.json', 'GET, HEAD'],
    ['DELETE', '//health', 'GET, HEAD'],
    ['POST', '//health/ready', 'GET, HEAD'],
    ['POST', '//api/health', 'GET, HEAD'],
  ])('%s %s is 405 and says what is allowed', async (method, path, allow) => {
    for (const caller of [tenant, callerWith(null)]) {
      const { status, headers, body } = await caller.request(method, path)
      expect([status, body.code]).toEqual([405, 'method_not_allowed'])
      expect(headers.get('allow')).toBe(allow)
    }
  })

  it('no documented route is 405', async () => {
    for (const { method, path } of (await openApi()).operations) {
      const concrete = path.replaceAll(/\{[^}]+\}/g, 'x')
      const { body } = await callerWith(null).request(method, `/${concrete}`)
      const none = ['route_not_found', 'method_not_allowed']
      expect.soft(none, `${method} ${path}`).not.toContain(body?.code)
    }
  })
})

describe('unknown query parameters', () => {
  it('are named by every route that takes none', async () => {
    const { operations } = await openApi()
    const plain = operations.filter(({ path, method }) => {
      const hasOwn = /changes|neighbors|component|degree|\{id\}$|entities$|relationships$/.test(
        path,
      )
      return !hasOwn && !/auth|health/.test(path) && method === 'GET'
    })
    expect(plain.length).toBeGreaterThan(4)
    for (const { method, path } of plain) {
      const concrete = path
        .replace('{graph}', 'default')
        .replace('{kind}', 'entity')
        .replace('{name}', 'x')
        .replace('{key}', 'x')
      const { status, body } = await tenant.request(method, `/${concrete}?nmae=x`)
      expect.soft([status, body.errors?.[0]?.pointer], path).toEqual([422, 'nmae'])
    }
    const body = { type: 'thing' }
    expect((await tenant.request('POST', '/entities?dry_run=true', { body })).status).toBe(422)
  })
})

describe('every answer', () => {
  it('echoes a request id that looks like one, and makes one otherwise', async () => {
    const idFor = async (sent: string) => {
      const answer = await tenant.request('GET', '/graphs', { headers: { 'x-request-id': sent } })
      return answer.headers.get('x-request-id')
    }
    expect(await idFor('a-proxy.said_this-1')).toBe('a-proxy.said_this-1')
    for (const odd of ['short', 'with space in it', 'x'.repeat(129), '<script>alert(1)</script>']) {
      expect(await idFor(odd)).toMatch(/^[0-9a-f-]{36}$/)
    }
  })

  it('is for its own client only, and not kept without asking again (R10)', async () => {
    const cacheControl = async (method: string, path: string, body?: object) => {
      const answer = await tenant.request(method, path, body ? { body } : {})
      return answer.headers.get('cache-control')
    }
    const cached = ['/entities', `/entities/${entity.id}`, '/changes', '/types', '/keys', '/graphs']
    for (const path of cached) {
      expect(await cacheControl('GET', path)).toBe('private, no-cache')
    }
    for (const path of ['/nope', '//health', '//health/ready', '/export']) {
      expect(await cacheControl('GET', path)).toBe('private, no-store')
    }
    expect(await cacheControl('POST', '/entities', { type: 'thing' })).toBe('private, no-store')
    expect(await cacheControl('GET', '/openapi.json')).toBe('public, max-age=300')
  })

  it('to HEAD has the headers of GET and no body', async () => {
    for (const path of [
      '/entities',
      `/entities/${entity.id}`,
      '/graphs',
      '/export',
      '//health',
      '//api/health',
    ]) {
      const get = await tenant.request('GET', path)
      const head = await tenant.request('HEAD', path)
      expect([head.status, head.text]).toEqual([200, ''])
      for (const name of ['etag', 'content-type', 'cache-control', 'tendril-bookmark']) {
        expect.soft(head.headers.get(name), `${path} ${name}`).toBe(get.headers.get(name))
      }
    }
    expect((await tenant.request('HEAD', `/entities/${crypto.randomUUID()}`)).status).toBe(404)
    expect((await callerWith(null).request('HEAD', '/entities')).status).toBe(401)
  })
})

describe('short paths', () => {
  it('are those of the graph default', async () => {
    for (const path of ['/entities', `/entities/${entity.id}`, '/relationships', '/types']) {
      const short = await tenant.request('GET', path)
      const long = await tenant.request('GET', `/graphs/default${path}`)
      expect([short.status, short.body]).toEqual([200, long.body])
    }
    const put = await tenant.request('GET', '/graphs/default/entities?external_id=shared')
    const options = {
      body: { type: 'thing', external_id: 'shared' },
      headers: { 'idempotency-key': 'short-or-long' },
    }
    expect(put.status).toBe(200)
    const one = await tenant.request<Entity>('POST', '/entities', options)
    const two = await tenant.request<Entity>('POST', '/graphs/default/entities', options)
    expect([two.status, two.body]).toEqual([201, one.body])
    expect(two.headers.get('idempotency-replayed')).toBe('true')
  })

  it('/api/health is /health/ready, and needs no credential', async () => {
    const short = await callerWith(null).request<object>('GET', '//api/health')
    const long = await callerWith(null).request<object>('GET', '//health/ready')
    expect([short.status, short.body]).toEqual([200, long.body])
    expect(short.body).toMatchObject({ status: 'ok', checks: { catalog: { status: 'ok' } } })
    const alive = await callerWith(null).request<object>('GET', '//health')
    expect(alive.body).toEqual({ status: 'ok' })
  })
})

describe('odd requests', () => {
  /** As `fetch` will not send: `Host`, repeated headers, a body with GET. */
  function raw(
    method: string,
    path: string,
    headers: Record<string, string | string[]>,
    body = '',
  ): Promise<{ status: number; text: string }> {
    const url = new URL(ownStack().baseUrl)
    return new Promise((resolve, reject) => {
      const sent = httpRequest(
        { host: url.hostname, port: url.port, method, path, headers, agent: false },
        (response) => {
          let text = ''
          response.setEncoding('utf8')
          response.on('data', (chunk) => {
            text += chunk
          })
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
  }

  it.each([
    { host: 'evil.example' },
    { host: 'localhost:1', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'gopher' },
    { 'x-http-method-override': 'DELETE', 'x-original-url': '/api/v1/keys' },
    { cookie: 'session=1', origin: 'https://evil.example', referer: 'https://evil.example/' },
    { 'cf-connecting-ip': '::1', range: 'bytes=0-1' },
    { accept: 'text/html', 'accept-language': 'x'.repeat(1_000) },
  ])('with the headers %j are answered like any other', async (headers) => {
    const plain = await tenant.request<Page<Entity>>('GET', '/entities?limit=2')
    const authorization = `Bearer ${tenant.token}`
    const { status, text } = await raw('GET', '/api/v1/entities?limit=2', {
      ...headers,
      authorization,
    })
    expect([status, JSON.parse(text)]).toEqual([200, plain.body])
    expect(text).not.toContain('evil')
  })

  it('two credentials in one request are none', async () => {
    const { status } = await raw('GET', '/api/v1/entities', {
      authorization: [`Bearer ${tenant.token}`, 'Bearer nonsense'],
    })
    expect(status).toBe(401)
  })

  it.each([
    '/api/v1/../v1/entities',
    '/api/v1/%65ntities',
    '/API/v1/entities',
    '/api//v1/entities',
  ])('the path %s leads to nothing it should not', async (path) => {
    const { status } = await raw('GET', path, {})
    expect([401, 404]).toContain(status)
  })
})
