import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
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
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    ...GRAPH_OPTIONS,
  },
})
const graph = await chosenGraph(options)
const SOURCES = 200
const CLIENTS = [1, 32]
/** How long each side answers a case before it is measured: until V8 has compiled what it runs through. */
const WARM_UP_SECONDS = 10
/** Shares of the bare worker's rate that are wanted, by the number of clients. */
const GOALS: Readonly<Record<number, number>> = { 1: 80, 32: 60 }

// In this runtime V8's thread for compiling stops for good now and then after a collection (--trace-opt: what
// it began is never completed), and the side that it happens to is not compiled any more.
process.env.MINIFLARE_WORKERD_V8_FLAGS ??= '--no-concurrent-recompilation'

const folder = mkdtempSync(join(tmpdir(), 'tendril-bench-'))
chmodSync(folder, 0o711)
/** Of the runtimes, in the order in which they start. */
const pids = new Set<number>()
const onRuntime = (pid: number) => {
  pids.add(pid)
}
const stack = await startStack({ dataDir: folder })
const server = await startServer({
  ...{ port: 0, bindings: stack.bindings, persistDir: join(folder, 'memory'), onRuntime },
})
// The same worker, without memory for topologies: it searches in PostgreSQL.
const sqlServer = await startServer({
  ...{ port: 0, persistDir: join(folder, 'sql'), onRuntime },
  bindings: { ...stack.bindings, TENDRIL_TOPOLOGY_MB: '0' },
})
const bare = await startBare(folder)
const [serverPid = 0, sqlPid = 0, barePid = 0] = pids
try {
  await run()
} finally {
  await bare.stop()
  await server.stop()
  await sqlServer.stop()
  await stack.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function run(): Promise<void> {
  const { apiKey } = await demoTenant(server.url, join(folder, 'demo.json'))
  await prepare(apiKey)
  const random = randomFrom(Number(options.seed))
  const source = () => graph.someNode(random)
  const sources = Array.from({ length: SOURCES }, source)
  const traversal = (shown: object) =>
    sources.map((id) => JSON.stringify({ ids: [id], depth: 3, max_cost: 5_000_000, ...shown }))
  const cases = [
    { name: 'depth-3 count', path: '/traverse', bodies: traversal({ return: 'count' }) },
    { name: 'depth-3 ids', path: '/traverse', bodies: traversal({ return: 'ids', limit: 10_000 }) },
    {
      ...{ name: 'shortest path', path: '/paths' },
      bodies: sources.map((id) =>
        JSON.stringify({ from_id: id, to_id: source(), max_cost: 5_000_000 }),
      ),
    },
  ]
  await loaded(apiKey, cases[0]?.bodies[0] ?? '')
  const rows = []
  for (const { name, path, bodies } of cases) {
    const sides = sidesOf(path, apiKey)
    for (const { side, ...load } of sides) {
      const connections = side === 'sql' ? 1 : Math.max(...CLIENTS)
      await measure({ ...load, bodies, connections, seconds: WARM_UP_SECONDS })
    }
    for (const clients of CLIENTS) {
      rows.push(rowOf(name, clients, await compare(sides, bodies, clients)))
    }
  }
  console.table(rows)
}

type Side = 'bare' | 'api' | 'sql'

function sidesOf(path: string, apiKey: string) {
  const json = { 'content-type': 'application/json' }
  const headers = { ...json, authorization: `Bearer ${apiKey}` }
  const api = `/api/v1/graphs/default${path}`
  return [
    { side: 'bare', url: bare.url + path, headers: json, pid: barePid },
    { side: 'api', url: server.url + api, headers, pid: serverPid },
    { side: 'sql', url: sqlServer.url + api, headers, pid: sqlPid },
  ] as const
}

/** The sides in turns; PostgreSQL with one client only, of which one already is busy. */
async function compare(
  sides: ReturnType<typeof sidesOf>,
  bodies: readonly string[],
  connections: number,
): Promise<Readonly<Record<Side, readonly Measured[]>>> {
  const results: Record<Side, Measured[]> = { bare: [], api: [], sql: [] }
  const compared = sides.filter(({ side }) => side !== 'sql' || connections === 1)
  const seconds = Number(options.seconds)
  for (let round = 0; round < Number(options.rounds); round += 1) {
    for (const { side, ...load } of round % 2 === 0 ? compared : compared.toReversed()) {
      results[side].push(await measure({ ...load, bodies, connections, seconds }))
    }
  }
  return results
}

function rowOf(
  name: string,
  clients: number,
  measured: Readonly<Record<Side, readonly Measured[]>>,
) {
  const rate = (side: Side) => medianOf(measured[side].map((each) => each.requestsPerSecond))
  const cpu = (side: Side) => medianOf(measured[side].map((each) => each.cpuMicroseconds))
  // Of what was measured in the same round: how fast the machine is changes from one to the next.
  const ratio = (side: 'bare' | 'sql', of: 'requestsPerSecond' | 'cpuMicroseconds') =>
    medianOf(measured.api.map((each, round) => each[of] / (measured[side][round]?.[of] ?? 0)))
  const hasSql = measured.sql.length > 0
  return {
    ...{ query: name, clients },
    'bare/s': rate('bare').toFixed(1),
    'API/s': rate('api').toFixed(1),
    'share %': Math.round(100 * ratio('bare', 'requestsPerSecond')),
    'bare CPU µs': Math.round(cpu('bare')),
    'API CPU µs': Math.round(cpu('api')),
    'by CPU %': Math.round(100 / ratio('bare', 'cpuMicroseconds')),
    'goal %': GOALS[clients] ?? '',
    'SQL/s': hasSql ? rate('sql').toFixed(2) : '',
    'times SQL': hasSql ? ratio('sql', 'requestsPerSecond').toFixed(1) : '',
    'p99 ms': medianOf(measured.api.map((each) => each.p99Ms)),
  }
}

/** Fills the default graph, and gives the bare worker its topology. */
async function prepare(apiKey: string): Promise<void> {
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
  const sent = await fetch(`${bare.url}/topology`, { method: 'PUT', body: topology.buffer })
  if (!sent.ok) throw new Error(`the bare worker answered ${sent.status}`)
  // The log's object knows nothing of what was loaded past it.
  await server.evictObjects()
  await sqlServer.evictObjects()
  await callApi(server.url, '/api/v1/entities?limit=1', { token: apiKey })
}

/** Asks until the isolate has the topology in memory. */
async function loaded(apiKey: string, body: string): Promise<void> {
  const began = performance.now()
  for (;;) {
    const answer = await fetch(`${server.url}/api/v1/traverse`, {
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

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
