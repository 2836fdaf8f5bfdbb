import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { graphId, tenantId } from '../../core/ids.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import { openDatabase } from '../../db/client.ts'
import { callApi } from '../../scripts/local/api-call.ts'
import { demoTenant } from '../../scripts/local/demo.ts'
import { startServer } from '../../scripts/local/server.ts'
import { startStack } from '../../scripts/local/stack.ts'
import { randomFrom } from '../../test/harness/random.ts'
import { buildTopology } from '../../workers/operations/topology/build.ts'
import { type Measured, measure } from '../read/load.ts'
import { startBare } from './bare.ts'
import { chosenGraph, GRAPH_OPTIONS } from './chosen-graph.ts'
import { storeGraph } from './store-graph.ts'

const { values: options } = parseArgs({
  options: {
    starts: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    ...GRAPH_OPTIONS,
  },
})
const graph = await chosenGraph(options)
const SOURCES = 200
const CLIENTS = [1, 32]
/** How long each side answers a case before it is measured: until V8 has compiled what it runs through. */
const WARM_UP_SECONDS = 8
/** Shares of the bare worker's rate that are wanted, by the number of clients. */
const GOALS: Readonly<Record<number, number>> = { 1: 80, 32: 60 }

const folder = mkdtempSync(join(tmpdir(), 'tendril-bench-'))
chmodSync(folder, 0o711)
const stack = await startStack({ dataDir: folder })
try {
  await run()
} finally {
  await stack.stop()
  rmSync(folder, { recursive: true, force: true })
}

/**
 * All cases in runtimes that are started anew several times: what V8 compiles, and when, differs from one to the
 * next more than the measurements in one do (Georges, Buytaert and Eeckhout 2007). Now and then its thread for
 * compiling even stops for good after a collection (`--trace-opt`: nothing that it begins is completed), on
 * either side.
 */
async function run(): Promise<void> {
  const asked = cases()
  const rows = asked.flatMap(({ name, path, bodies }) =>
    CLIENTS.map((clients) => ({ name, path, bodies, clients, measured: noneYet() })),
  )
  let topology: ArrayBuffer | null = null
  for (let start = 1; start <= Number(options.starts); start += 1) {
    const stops: (() => Promise<void>)[] = []
    try {
      const runtimes = await startRuntimes(join(folder, `start-${start}`), stops)
      const { apiKey } = await demoTenant(runtimes.api.url, join(folder, 'demo.json'))
      topology ??= await fillGraph(runtimes, apiKey)
      await load(runtimes, topology, { apiKey, body: asked[0]?.bodies[0] ?? '' })
      for (const { path, bodies } of asked) {
        const sides = sidesOf(runtimes, path, apiKey)
        await warmUp(sides, bodies)
        for (const row of rows) {
          if (row.bodies === bodies) await compare(sides, row)
        }
      }
    } finally {
      for (const stop of stops) await stop()
    }
  }
  console.table(rows.map(shown))
}

type Case = { readonly name: string; readonly path: string; readonly bodies: readonly string[] }

function cases(): readonly Case[] {
  const random = randomFrom(Number(options.seed))
  const source = () => graph.someNode(random)
  const sources = Array.from({ length: SOURCES }, source)
  const traversal = (wanted: object) =>
    sources.map((id) => JSON.stringify({ ids: [id], depth: 3, max_cost: 5_000_000, ...wanted }))
  return [
    { name: 'depth-3 count', path: '/traverse', bodies: traversal({ return: 'count' }) },
    { name: 'depth-3 ids', path: '/traverse', bodies: traversal({ return: 'ids', limit: 10_000 }) },
    {
      ...{ name: 'shortest path', path: '/paths' },
      bodies: sources.map((id) =>
        JSON.stringify({ from_id: id, to_id: source(), max_cost: 5_000_000 }),
      ),
    },
  ]
}

/** A worker, and the process of the runtime that it runs in. */
type Runtime = { readonly url: string; readonly pid: number }

/** `stops` are told of each runtime as soon as it has started. */
async function startRuntimes(place: string, stops: (() => Promise<void>)[]) {
  mkdirSync(place, { recursive: true })
  // In the order in which they start.
  const pids = new Set<number>()
  const onRuntime = (pid: number) => {
    pids.add(pid)
  }
  const { bindings } = stack
  const api = await startServer({
    ...{ port: 0, bindings, persistDir: join(place, 'api'), onRuntime },
  })
  stops.push(api.stop)
  // The same worker, without memory for topologies: it searches in PostgreSQL.
  const sql = await startServer({
    ...{ port: 0, bindings: { ...bindings, TENDRIL_TOPOLOGY_MB: '0' }, onRuntime },
    persistDir: join(place, 'sql'),
  })
  stops.push(sql.stop)
  const bare = await startBare(place)
  stops.push(bare.stop)
  const [apiPid = 0, sqlPid = 0, barePid = 0] = pids
  return {
    bare: { url: bare.url, pid: barePid },
    api: { url: api.url, pid: apiPid },
    sql: { url: sql.url, pid: sqlPid },
    // The log's object knows nothing of what is loaded past it.
    async evictObjects() {
      await api.evictObjects()
      await sql.evictObjects()
    },
  }
}

type Runtimes = Readonly<Record<Side, Runtime>> & { evictObjects(): Promise<void> }

type Side = 'bare' | 'api' | 'sql'

function sidesOf({ bare, api, sql }: Runtimes, path: string, apiKey: string) {
  const json = { 'content-type': 'application/json' }
  const headers = { ...json, authorization: `Bearer ${apiKey}` }
  const route = `/api/v1/graphs/default${path}`
  return [
    { side: 'bare', url: bare.url + path, headers: json, pid: bare.pid },
    { side: 'api', url: api.url + route, headers, pid: api.pid },
    { side: 'sql', url: sql.url + route, headers, pid: sql.pid },
  ] as const
}

type Sides = ReturnType<typeof sidesOf>

async function warmUp(sides: Sides, bodies: readonly string[]): Promise<void> {
  for (const { side, ...load } of sides) {
    // One client keeps PostgreSQL busy.
    const connections = side === 'sql' ? 1 : Math.max(...CLIENTS)
    await measure({ ...load, bodies, connections, seconds: WARM_UP_SECONDS })
  }
}

/** By side, what was measured in each round of all starts. */
type Results = Readonly<Record<Side, Measured[]>>

type Row = Case & { readonly clients: number; readonly measured: Results }

function noneYet(): Results {
  return { bare: [], api: [], sql: [] }
}

/** Adds rounds with the sides in turns; PostgreSQL with one client only. */
async function compare(sides: Sides, { bodies, clients, measured }: Row): Promise<void> {
  const compared = sides.filter(({ side }) => side !== 'sql' || clients === 1)
  const seconds = Number(options.seconds)
  for (let round = 0; round < Number(options.rounds); round += 1) {
    for (const { side, ...load } of round % 2 === 0 ? compared : compared.toReversed()) {
      measured[side].push(await measure({ ...load, bodies, connections: clients, seconds }))
    }
  }
}

function shown({ name, clients, measured }: Row) {
  const rate = (side: Side) => medianOf(measured[side].map((each) => each.requestsPerSecond))
  const cpu = (side: Side) => medianOf(measured[side].map((each) => each.cpuMicroseconds))
  // Of what was measured in the same round: how fast the machine is changes from one to the next.
  const ratios = (side: 'bare' | 'sql', of: 'requestsPerSecond' | 'cpuMicroseconds') =>
    measured.api.map((each, round) => each[of] / (measured[side][round]?.[of] ?? 0))
  const percent = (ratio: number) => Math.round(100 * ratio)
  const shares = ratios('bare', 'requestsPerSecond')
  const hasSql = measured.sql.length > 0
  return {
    ...{ query: name, clients },
    'bare/s': rate('bare').toFixed(1),
    'API/s': rate('api').toFixed(1),
    'share %': percent(medianOf(shares)),
    'least and most %': `${percent(Math.min(...shares))} ${percent(Math.max(...shares))}`,
    'bare CPU µs': Math.round(cpu('bare')),
    'API CPU µs': Math.round(cpu('api')),
    'by CPU %': percent(1 / medianOf(ratios('bare', 'cpuMicroseconds'))),
    'goal %': GOALS[clients] ?? '',
    'SQL/s': hasSql ? rate('sql').toFixed(2) : '',
    'times SQL': hasSql ? medianOf(ratios('sql', 'requestsPerSecond')).toFixed(1) : '',
    'p99 ms': Math.round(medianOf(measured.api.map((each) => each.p99Ms))),
  }
}

/** Fills the default graph. Its topology, for the bare worker. */
async function fillGraph(runtimes: Runtimes, apiKey: string): Promise<ArrayBuffer> {
  const owner = new pg.Client(stack.postgres.url('tendril_shard_1'))
  await owner.connect()
  const { rows } = await owner.query('select tenant_id, id from graphs')
  const [shard] = JSON.parse(stack.bindings.TENDRIL_SHARDS) as { id: string; url: string }[]
  const address: GraphAddress = {
    ...{ kind: 'graph', epoch: 1, shardId: shard?.id ?? '' },
    tenantId: tenantId(rows[0]?.tenant_id),
    graphId: graphId(rows[0]?.id),
  }
  await storeGraph(owner, address, graph)
  await owner.end()
  const database = openDatabase(shard?.url ?? '', stack.sqlEndpoint)
  const began = performance.now()
  const topology = await buildTopology(database, address, { weightKeys: null, maxRows: 1e9 })
  if (typeof topology === 'string') throw new Error(`the topology is ${topology}`)
  const seconds = ((performance.now() - began) / 1_000).toFixed(1)
  const megabytes = (topology.buffer.byteLength / 2 ** 20).toFixed(1)
  console.log(`built from PostgreSQL in ${seconds} s: ${megabytes} MB`)
  await runtimes.evictObjects()
  await callApi(runtimes.api.url, '/api/v1/entities?limit=1', { token: apiKey })
  return topology.buffer
}

/** Gives the bare worker its topology, and asks until the API's isolate has it in memory. */
async function load(
  { bare, api }: Runtimes,
  topology: ArrayBuffer,
  { apiKey, body }: { readonly apiKey: string; readonly body: string },
): Promise<void> {
  const sent = await fetch(`${bare.url}/topology`, { method: 'PUT', body: topology })
  if (!sent.ok) throw new Error(`the bare worker answered ${sent.status}`)
  const began = performance.now()
  for (;;) {
    const answer = await fetch(`${api.url}/api/v1/traverse`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body,
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(text)
    if (text.includes('"engine":"memory"')) break
    if (performance.now() - began > 120_000) throw new Error('no topology was loaded')
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  console.log(`loaded behind reads in ${((performance.now() - began) / 1_000).toFixed(1)} s`)
}

/** Of an even number, the mean of the two in the middle. */
function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2
}
