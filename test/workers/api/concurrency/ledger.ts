import { expect } from 'vitest'
import type { Answer, Change, Problem, Tenant } from '../../../harness/api.ts'
import { etagOf } from '../../../harness/etags.ts'

/** One write that a client wants made once, however often it has to ask. */
export type Wanted = {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: object
  /** The version that the record must have. */
  readonly ifMatch?: number
}

type Body = Partial<Problem> & { readonly version?: number; readonly items?: readonly Item[] }
type Item = { readonly outcome: string; readonly version: number }

/** What became of it. `attempts` are the ids of the requests that asked for it. */
export type Write = Wanted & {
  readonly key: string
  readonly attempts: readonly string[]
  /** The first answer that was not 503; `null`: given up after being told nothing was written. */
  readonly answer: Answer<Body> | null
}

/** More than any write should need: then something is stuck. */
const MAX_ATTEMPTS = 200

/**
 * Makes a write as a careful client does: it repeats with the same key until it knows the outcome. It
 * may give up only where it is told that nothing was written.
 */
export async function settle(
  tenant: Tenant,
  key: string,
  wanted: Wanted,
  mayGiveUp: boolean,
): Promise<Write> {
  const attempts: string[] = []
  while (attempts.length < MAX_ATTEMPTS) {
    attempts.push(`${key}-attempt-${attempts.length}`)
    const requestId = attempts.at(-1) ?? ''
    const answer = await attempt(tenant, key, wanted, requestId)
    if (answer && answer.status !== 503) return { ...wanted, key, attempts, answer }
    const isNothingWritten = attempts.length === 1 && answer?.body.code === 'unavailable'
    if (mayGiveUp && isNothingWritten) return { ...wanted, key, attempts, answer: null }
  }
  throw new Error(`${wanted.method} ${wanted.path} is not settled after ${MAX_ATTEMPTS} attempts`)
}

/** Of a version in the tenant's graph; asked for until there is an answer. */
async function etag(tenant: Tenant, version: number): Promise<string> {
  for (let tries = 0; tries < MAX_ATTEMPTS; tries += 1) {
    const answer = await tenant.request('GET', '/entities?limit=1').catch(() => null)
    if (answer?.status === 200) return etagOf(version, answer)
  }
  throw new Error('the graph cannot be read')
}

async function attempt(tenant: Tenant, key: string, wanted: Wanted, requestId: string) {
  const { method, path, body, ifMatch } = wanted
  const headers = {
    'idempotency-key': key,
    'x-request-id': requestId,
    ...(ifMatch === undefined ? {} : { 'if-match': await etag(tenant, ifMatch) }),
  }
  try {
    return await tenant.request<Body>(method, path, { ...(body ? { body } : {}), headers })
  } catch (error) {
    // `fetch` says so when no answer came; everything else is a complaint about the answer.
    if (error instanceof TypeError) return null
    throw error
  }
}

/** That the log has of each write what its client was told, no more and no less. */
export function expectAsTold(writes: readonly Write[], log: readonly Change[]): void {
  const byRequest = Map.groupBy(log, ({ request_id }) => request_id)
  for (const write of writes) {
    const done = write.attempts.filter((id) => byRequest.has(id))
    const events = done.flatMap((id) => byRequest.get(id) ?? [])
    const status = write.answer ? `${write.answer.status} ${write.answer.body.code}` : 'given up'
    const what = `${write.method} ${write.path} (${write.key}, ${status})`
    expect(done.length, `${what} was made once at most`).toBeLessThanOrEqual(1)
    const told = versionsTold(write)
    const made = events.map(({ seq }) => seq)
    if (told === null) expect(made, `${what} left no trace`).toEqual([])
    else expect(made, `${what} left what was told`).toEqual(expect.arrayContaining(told))
    const isWritten = told !== null && (told.length > 0 || write.method === 'DELETE')
    expect(events.length > 0, `${what} is there`).toBe(isWritten)
    if (write.ifMatch !== undefined && write.answer?.status === 200 && isWritten) {
      expect(events[0]?.before?.version, `${what} saw its version`).toBe(write.ifMatch)
    }
  }
  const attempts = new Set(writes.flatMap((write) => write.attempts))
  const strangers = log.filter(({ request_id }) => !attempts.has(request_id))
  expect(strangers, 'every event belongs to a write').toEqual([])
}

/** Seqs that the answer names as written; `null` when it says that nothing was. */
function versionsTold({ answer, method, ifMatch }: Write): number[] | null {
  if (answer === null || answer.status >= 300) return null
  if (method === 'DELETE') return []
  const { items, version } = answer.body
  if (items) {
    return items.filter(({ outcome }) => outcome !== 'unchanged').map((item) => item.version)
  }
  // A patch that changed nothing answers with the version it found.
  return version === undefined || version === ifMatch ? [] : [version]
}
