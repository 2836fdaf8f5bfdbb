import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { seededRandom } from '../durable-objects/graph-log/histories/random.ts'
import { ownerSql } from '../harness/owner-sql.ts'
import { problemsOf } from './check.ts'
import { explain } from './explain.ts'
import { type Isolates, startIsolates } from './live/isolates.ts'
import { causeLiveFaults } from './live/live-faults.ts'
import { type LiveHistory, liveHistory } from './live/live-history.ts'

/** Of what clients ask for and of the faults; what comes of it depends on the machine, too. */
const SEED = Number(process.env.TENDRIL_SEED ?? Date.now() % 2 ** 31)
const ISOLATES = 4
const QUIET_HISTORIES = 3
/** How many of the reads search the graph, except where all do. */
const SEARCHES = 0.3
/** Busy histories are begun for so long, one after the other: more of them on a faster machine. */
const BUSY_MS = 33_000
/** Or for longer where something has not happened yet. */
const MOST_BUSY_MS = 120_000
/** Otherwise nothing of this was shown. */
const HAPPENINGS = [
  ...['strong', 'session', 'bounded', 'committed', 'refused', 'unknown'],
  ...['memory', 'edge', 'redis', 'origin', 'the objects crash'],
  ...['a search in memory', 'a search in sql', 'a topology brought forward'],
]

/** After which what was acknowledged counts everywhere, unless a request asks for less. */
const SESSION_MS = 1_000

let isolates: Isolates
let credential = ''
let tenantId = ''

beforeAll(async () => {
  isolates = await startIsolates(ISOLATES, inject('pgUrl'))
  const { body } = await call('POST', '/auth/register', {
    ...{ tenant_name: 'Histories', email: 'histories@example.com' },
    password: 'correct horse battery staple',
  })
  const registered = body as { access_token: string; tenant_id: string }
  credential = registered.access_token
  tenantId = registered.tenant_id
})

afterAll(() => isolates.stop())

describe('clients of several isolates', () => {
  it('get what their levels promise, whatever fails', async () => {
    console.info(`TENDRIL_SEED=${SEED}`)
    const caused: string[] = []
    let isOver = false
    const causing = causeLiveFaults(isolates, seededRandom(SEED), {
      caused,
      isOver: () => isOver,
    })
    const all = await Promise.all([quietHistories(caused), busyHistories(caused)]).finally(() => {
      isOver = true
      return causing
    })
    const histories = all.flat()
    for (const { history } of histories) {
      const problems = problemsOf(history)
      expect(problems, `${explain(history)}\n${problems.join('\n')}`).toEqual([])
    }
    const met = happenings(histories, caused)
    console.info(met)
    expect(Object.keys(met)).toEqual(expect.arrayContaining(HAPPENINGS))
  })

  it('are turned away everywhere a second after their key was revoked (R9)', async () => {
    const { body } = await call('POST', '/keys', { name: 'A reader', role: 'reader' })
    const { id, key } = body as { id: string; key: string }
    const statuses = () =>
      Promise.all(
        isolates.server.urls.map(async (url) => {
          const authorization = `Bearer ${key}`
          const headers = { authorization, 'tendril-consistency': 'bounded=300' }
          return (await fetch(`${url}/api/v1/entities`, { headers })).status
        }),
      )
    // Then every isolate has read what the key gives access to.
    for (let i = 0; i < 2; i += 1) {
      expect(await statuses()).toEqual(Array(ISOLATES).fill(200))
    }
    expect((await call('DELETE', `/keys/${id}`)).status).toBe(204)
    await delay(SESSION_MS)
    expect(await statuses()).toEqual(Array(ISOLATES).fill(401))
  })

  it('read anew everywhere a second after a purge', async () => {
    const properties = { read: 'before' }
    const { body } = await call('POST', '/entities', { type: 'thing', properties })
    const { id } = body as { id: string }
    const reads = (consistency: string) =>
      Promise.all(
        isolates.server.urls.map(async (url) => {
          const authorization = `Bearer ${credential}`
          const headers = { authorization, 'tendril-consistency': consistency }
          const response = await fetch(`${url}/api/v1/entities/${id}`, { headers })
          const { properties } = (await response.json()) as { properties: { read: string } }
          return properties.read
        }),
      )
    const all = (read: string) => Array(ISOLATES).fill(read)
    expect(await reads('session')).toEqual(all('before'))
    // What no log tells of: nobody reads it anew but for the purge.
    const sql = `update entities set properties = '{"read": "after"}' where id = $1`
    await ownerSql('shard', tenantId, sql, [id])
    await delay(SESSION_MS)
    expect(await reads('strong')).toEqual(all('before'))
    expect((await call('POST', '/cache/purge', { key: `entity:${id}` })).status).toBe(200)
    await delay(SESSION_MS)
    expect(await reads('session')).toEqual(all('after'))
  })
})

/** Through the first isolate, as the owner. */
async function call(method: string, path: string, body?: object) {
  const response = await fetch(`${isolates.server.url}/api/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${credential}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as unknown }
}

/** Isolates that hear of a graph now and then only: what they know is mostly old. */
function quietHistories(faults: readonly string[]): Promise<LiveHistory[]> {
  const quiet = { credential, faults, clients: 5, operations: 110, pauseMs: 2_500 }
  const histories = Array.from({ length: QUIET_HISTORIES }, (_, i) =>
    liveHistory(isolates.server.urls, {
      ...{ ...quiet, seed: SEED + i, searches: SEARCHES, keepsBookmarks: false },
      levels: ['session', 'bounded'],
    }),
  )
  // Of strong reads each has to ask: here nearly nothing else does.
  const searching = liveHistory(isolates.server.urls, {
    ...{ ...quiet, seed: SEED + QUIET_HISTORIES, searches: 1, keepsBookmarks: false },
    levels: ['strong', 'bounded'],
  })
  return Promise.all([...histories, searching])
}

async function busyHistories(faults: readonly string[]): Promise<LiveHistory[]> {
  const histories: LiveHistory[] = []
  const begin = performance.now()
  const elapsedMs = () => performance.now() - begin
  const hasMetAll = () => {
    const met = happenings(histories, faults)
    return HAPPENINGS.every((happening) => happening in met)
  }
  while (elapsedMs() < BUSY_MS || (elapsedMs() < MOST_BUSY_MS && !hasMetAll())) {
    const history = await liveHistory(isolates.server.urls, {
      ...{ seed: SEED + QUIET_HISTORIES + 1 + histories.length, credential, faults },
      ...{ searches: SEARCHES, clients: 8, operations: 250, pauseMs: 15, keepsBookmarks: true },
      levels: ['strong', 'session', 'session', 'bounded'],
    })
    histories.push(history)
  }
  return histories
}

/** How often what happened. */
function happenings(
  histories: readonly LiveHistory[],
  faults: readonly string[],
): Record<string, number> {
  const counts: Record<string, number> = {}
  const count = (what: string, times = 1) => {
    counts[what] = (counts[what] ?? 0) + times
  }
  for (const { history, sources } of histories) {
    for (const operation of history.operations) {
      if (operation.does === 'write') count(operation.outcome)
      else count(operation.isStale ? 'stale' : operation.consistency.level)
    }
    for (const [source, times] of sources) count(source, times)
  }
  for (const fault of faults) count(fault.replace(/^.* ms: /, ''))
  return counts
}
