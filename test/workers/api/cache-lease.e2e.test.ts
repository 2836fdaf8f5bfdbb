import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest'
import { bundleWorker } from '../../../scripts/local/bundle.ts'
import { demoTenant } from '../../../scripts/local/demo.ts'
import type { RedisFault } from '../../../scripts/local/redis/upstash-rest.ts'
import { type Server, startServer } from '../../../scripts/local/server.ts'
import type { SqlFault } from '../../../scripts/local/sql-over-http.ts'
import type { SqlBatch } from '../../../scripts/local/sql-request.ts'
import { type Stack, startStack } from '../../../scripts/local/stack.ts'
import { dropDatabases } from '../../../scripts/local/stack-databases.ts'
import { type Caller, callerWith, type Entity } from '../../harness/api.ts'
import { PATIENCE } from '../../harness/patience.ts'

const databasePrefix = `lease_${crypto.randomUUID().slice(0, 8)}`
const LOAD_MS = 300
const MISS = 'tendril-memory; fwd=miss'

let folder: string
let stack: Stack
/** Isolates of different machines: they share PostgreSQL and Redis, and no memory. */
let servers: readonly Server[]
let callers: readonly Caller[]
/** Ids that statements on the shard named, once per statement. */
const named: string[] = []
let redisFault: RedisFault

async function beforeExecute({ database, queries }: SqlBatch): Promise<SqlFault> {
  if (!database.endsWith('shard_1')) return undefined
  const isLoad = queries.some(({ query }) => /from entities e where/.test(query))
  if (!isLoad) return undefined
  named.push(...queries.flatMap(({ params }) => params).map(String))
  await delay(LOAD_MS)
  return undefined
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tendril-lease-'))
  stack = await startStack({
    dataDir: folder,
    postgresUrl: inject('pgUrl'),
    databasePrefix,
    appPassword: 'tendril-test',
    faults: { beforeExecute },
    redisFaults: { cache: { beforeExecute: () => redisFault } },
  })
  const bundle = await bundleWorker(join(folder, 'build'))
  const serve = (name: string) =>
    startServer({
      ...{ port: 0, bindings: stack.bindings, persistDir: join(folder, name), bundle },
      onLog: () => {},
    })
  servers = [await serve('one'), await serve('two')]
  const [{ url = '' } = {}] = servers
  const { apiKey } = await demoTenant(url, join(folder, 'demo.json'))
  callers = servers.map((server) => callerWith(apiKey, server.url))
})

afterAll(async () => {
  for (const server of servers) await server.stop()
  await stack.stop()
  await dropDatabases(stack.postgres, databasePrefix)
  await rm(folder, { recursive: true, force: true })
})

async function newEntity(): Promise<string> {
  const body = { type: 'thing', name: 'wanted' }
  const answer = await callers[0]?.request<Entity>('POST', '/entities', { body })
  return answer?.body.id ?? ''
}

/** What 20 readers of each worker are told at the same time, by worker: where it came from. */
async function readEverywhere(id: string): Promise<Set<string>[]> {
  return Promise.all(
    callers.map(async (caller) => {
      const readers = Array.from({ length: 20 }, () => caller)
      const answers = await Promise.all(
        readers.map((reader) => reader.request<Entity>('GET', `/entities/${id}`)),
      )
      for (const { status, body } of answers) expect([status, body.name]).toEqual([200, 'wanted'])
      return new Set(answers.map(({ headers }) => headers.get('cache-status')?.split(',')[0] ?? ''))
    }),
  )
}

it('a cold entity that readers of two isolates want at once is loaded by one of them', async () => {
  // On a busy machine a load may outlast the lease, or Redis the patience of an isolate: then another
  // one may load it, too.
  await vi.waitFor(readColdEntity, PATIENCE)
})

async function readColdEntity(): Promise<void> {
  const id = await newEntity()
  const sources = await readEverywhere(id)
  expect(named.filter((param) => param === id)).toHaveLength(1)
  // Those of the other isolate found there what was loaded; who came late, in memory.
  const [loader, ...others] = sources.toSorted((a, b) => Number(b.has(MISS)) - Number(a.has(MISS)))
  expect([...(loader ?? [])]).toContain(MISS)
  for (const other of others) {
    expect([...other]).toContain('tendril-redis; hit')
    expect([...other]).not.toContain(MISS)
  }
}

it('a Redis that is away costs loads, and no errors', async () => {
  const id = await newEntity()
  redisFault = 'cut'
  await readEverywhere(id)
  redisFault = undefined
  expect(named.filter((param) => param === id)).toHaveLength(2)
})
