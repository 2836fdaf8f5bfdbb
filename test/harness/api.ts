import { loadOpenApi, type OpenApi } from './openapi.ts'
import { ownStack } from './own-stack.ts'

export type Entity = {
  readonly id: string
  readonly type: string
  readonly external_id: string | null
  readonly name: string | null
  readonly location: { readonly lat: number; readonly lon: number } | null
  readonly properties: Readonly<Record<string, unknown>>
  readonly version: number
  readonly created_at: string
  readonly updated_at: string
}

export type Relationship = Omit<Entity, 'name' | 'location'> & {
  readonly from_id: string
  readonly to_id: string
}

export type Neighbor = {
  readonly direction: 'out' | 'in'
  readonly relationship: Relationship
  readonly entity: Entity
}

export type Change = {
  readonly seq: number
  readonly at: string
  readonly kind: string
  readonly id: string | null
  readonly type: string | null
  readonly external_id: string | null
  readonly from_id: string | null
  readonly to_id: string | null
  readonly actor: string
  readonly request_id: string
  readonly before: Readonly<Record<string, unknown>> | null
  readonly after: Readonly<Record<string, unknown>> | null
  readonly erased?: true
}

export type Page<T> = { readonly items: readonly T[]; readonly next: string | null }
export type Changes = {
  readonly items: readonly Change[]
  readonly next: number
  readonly head: number
}

export type Problem = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly instance: string
  readonly request_id: string
  readonly command?: number
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[]
}

/** What a problem complains about, in alphabetical order. */
export function fieldsOf({ errors = [] }: Partial<Problem>): string[] {
  return errors.map(({ pointer }) => pointer).sort()
}

export type ApiKey = {
  readonly id: string
  readonly name: string
  readonly hint: string
  readonly role: string
  readonly created_by: string
  readonly created_at: string
  readonly expires_at: string | null
  readonly revoked_at: string | null
}

export type Role = 'owner' | 'admin' | 'writer' | 'reader'

/** The body as the test expects it: what it really is, the OpenAPI document says and we check. */
export type Answer<Body> = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: Body
}

export type RequestOptions = {
  /** A string or bytes go as they are; anything else as JSON. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Sends requests with one credential; without a type argument the answer is taken for a problem. */
export type Caller = {
  request<Body = Problem>(
    method: string,
    path: string,
    options?: RequestOptions,
  ): Promise<Answer<Body>>
}

export type Tenant = Caller & {
  readonly id: string
  readonly email: string
  readonly password: string
  /** Access token of the owner, which `request` sends. */
  readonly token: string
  /** A new key: its secret, and a caller that uses it. */
  apiKey(role: Role): Promise<Caller & { readonly id: string; readonly key: string }>
}

const password = 'correct horse battery staple'

/** Registers a tenant of its own for a test. */
export async function newTenant(): Promise<Tenant> {
  const email = `${crypto.randomUUID()}@example.com`
  const { body } = await callerWith(null).request<{ access_token: string; tenant_id: string }>(
    'POST',
    '/auth/register',
    { body: { tenant_name: 'Analytical Engines', email, password } },
  )
  const owner = callerWith(body.access_token)
  return {
    ...owner,
    id: body.tenant_id,
    email,
    password,
    token: body.access_token,
    async apiKey(role) {
      const { body: made } = await owner.request<{ id: string; key: string }>('POST', '/keys', {
        body: { name: `A ${role}`, role },
      })
      return { ...callerWith(made.key), id: made.id, key: made.key }
    },
  }
}

/**
 * Sends `credential` as a bearer token, or nothing. Paths are below `/api/v1` unless full. `baseUrl` is
 * that of another worker than the run's.
 */
export function callerWith(credential: string | null, baseUrl = ownStack().baseUrl): Caller {
  return {
    async request(method, path, options = {}) {
      const url = urlOf(path, baseUrl)
      const headers = new Headers(options.headers)
      if (credential !== null && !headers.has('authorization')) {
        headers.set('authorization', `Bearer ${credential}`)
      }
      if (options.body !== undefined && !headers.has('content-type')) {
        headers.set('content-type', 'application/json')
      }
      const response = await fetch(url, { method, headers, ...bodyOf(options.body) })
      const text = await response.text()
      const answer = { status: response.status, headers: response.headers, text }
      const body: unknown = isJson(response) && text !== '' ? JSON.parse(text) : text
      await checkAnswer(method, url.pathname, { ...answer, body })
      await checkAcceptedBody(method, url.pathname, response.status, options.body)
      return { ...answer, body: body as never }
    },
  }
}

/** A URL of the running worker; `path` is below `/api/v1` unless it starts with `//`. */
export function urlOf(path: string, baseUrl = ownStack().baseUrl): URL {
  const isFull = path.startsWith('//')
  return new URL(baseUrl + (isFull ? path.slice(1) : `/api/v1${path}`))
}

function bodyOf(body: unknown): { body?: BodyInit } {
  if (body === undefined) return {}
  if (typeof body === 'string' || body instanceof Uint8Array) return { body: body as BodyInit }
  return { body: JSON.stringify(body) }
}

function isJson(response: Response): boolean {
  return /^application\/(problem\+)?json\b/.test(response.headers.get('content-type') ?? '')
}

let loading: Promise<OpenApi> | undefined

/** The description of the running API, fetched once. */
export function openApi(): Promise<OpenApi> {
  loading ??= loadOpenApi(ownStack().baseUrl)
  return loading
}

/** What holds of every answer: documented, of the documented form, traceable, not cached. */
async function checkAnswer(method: string, path: string, answer: Answer<unknown>): Promise<void> {
  const { status, headers, body } = answer
  const complain = (what: string): never => {
    throw new Error(`${method} ${path} answered ${status}: ${what}\n${answer.text.slice(0, 1_000)}`)
  }
  for (const name of ['x-request-id', 'cache-control', 'x-content-type-options']) {
    if (!headers.get(name)) complain(`no ${name}`)
  }
  if (method === 'HEAD' && answer.text !== '') complain('a body')
  const api = await openApi()
  const operation = api.operationOf(method, path)
  if (status >= 400) {
    if (method === 'HEAD') return
    if (headers.get('content-type') !== 'application/problem+json') complain('no problem')
    const problems = api.problems(api.problemSchema, body)
    const problem = body as Problem
    if (problem.status !== status) problems.push('its status is another')
    if (problem.type !== `urn:tendril:problem:${problem.code}`) problems.push('its type is odd')
    if (problem.request_id !== headers.get('x-request-id')) problems.push('its request id is odd')
    if (status === 503 && !headers.get('retry-after')) problems.push('no Retry-After')
    const isGeneral = problem.code === 'method_not_allowed' || problem.code === 'internal'
    if (operation && !isGeneral && !operation.responses[status]) problems.push('not documented')
    if (problems.length > 0) complain(problems.join('; '))
    return
  }
  if (status === 304 || method === 'HEAD' || !operation) return
  const documented = operation.responses[status]
  if (!documented) return complain('not documented')
  const schema = documented.content?.['application/json']?.schema
  if (!schema) return
  const problems = api.problems(schema, body)
  if (problems.length > 0) complain(problems.join('; '))
}

/** A body that was accepted has to be one that the description allows. */
async function checkAcceptedBody(
  method: string,
  path: string,
  status: number,
  sent: unknown,
): Promise<void> {
  if (status >= 300 || sent === undefined || sent instanceof Uint8Array) return
  const api = await openApi()
  const content = api.operationOf(method, path)?.requestBody?.content
  const schema = content?.['application/json']?.schema
  if (!schema) return
  const value: unknown = typeof sent === 'string' ? JSON.parse(sent) : sent
  const problems = api.problems(schema, JSON.parse(JSON.stringify(value)))
  if (problems.length > 0) {
    throw new Error(`${method} ${path} accepted what is not documented: ${problems.join('; ')}`)
  }
}
