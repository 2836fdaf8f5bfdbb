import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { graphId, tenantId } from '../../core/ids.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import { openDatabase } from '../../db/client.ts'
import { placeGraph } from '../../db/queries/graphs.ts'
import { startStack } from '../../scripts/local/stack.ts'
import { randomFrom } from '../../test/harness/random.ts'
import { cpuMsOf, postmasterPid } from '../import/cpu-time.ts'
import { chosenGraph, GRAPH_OPTIONS } from './chosen-graph.ts'
import { functionPeer, levelsPeer, type Peer, recursivePeer } from './sql-peers.ts'
import { storeGraph } from './store-graph.ts'

const { values: options } = parseArgs({
  options: {
    ...GRAPH_OPTIONS,
    sources: { type: 'string', default: '16' },
    rounds: { type: 'string', default: '3' },
    /** Keeps the loaded database there for the next run. */
    keep: { type: 'string' },
  },
})
const numbered = await chosenGraph(options)
const seed = Number(options.seed)
const rounds = Number(options.rounds)

const folder = options.keep ?? mkdtempSync(join(tmpdir(), 'tendril-bench-'))
mkdirSync(folder, { recursive: true })
chmodSync(folder, 0o711)
const stack = await startStack({ dataDir: folder, durable: false })
const [shard] = JSON.parse(stack.bindings.TENDRIL_SHARDS) as { id: string; url: string }[]
const graph: GraphAddress = {
  kind: 'graph',
  tenantId: tenantId('01900000-0000-7000-8000-00000000aaaa'),
  graphId: graphId('01900000-0000-7000-8000-00000000bbbb'),
  shardId: 'shard-1',
  epoch: 1,
}
const client = new pg.Client({ connectionString: shard?.url ?? '' })
const ownerUrl = stack.postgres.url('tendril_shard_1')
try {
  await load()
  await client.connect()
  await client.query(`select set_config('tendril.tenant_id', $1, false)`, [graph.tenantId])
  await compare()
} finally {
  await client.end()
  await stack.stop()
  if (options.keep === undefined) rmSync(folder, { recursive: true, force: true })
}

async function load(): Promise<void> {
  const owner = new pg.Client({ connectionString: ownerUrl })
  await owner.connect()
  try {
    const { rows } = await owner.query('select from graphs where id = $1', [graph.graphId])
    if (rows.length > 0) return
    const database = openDatabase(shard?.url ?? '', stack.sqlEndpoint)
    await placeGraph(database, graph.tenantId, graph.graphId)
    await storeGraph(owner, graph, numbered)
  } finally {
    await owner.end()
  }
}

type Case = { readonly name: string; run(peer: Peer, i: number): Promise<number | null> }

/** Every source counts, those that reach most of the graph as well: they are chosen by chance alone. */
async function compare(): Promise<void> {
  const random = randomFrom(seed)
  const someNode = () => numbered.someNode(random)
  const pairs = Array.from({ length: Number(options.sources) }, () => [someNode(), someNode()])
  const [source, target] = [0, 1].map((side) => (i: number) => pairs[i]?.[side] ?? '')
  if (!source || !target) throw new Error('pairs have two sides')
  const cases: readonly Case[] = [
    { name: 'depth-3 count', run: (peer, i) => peer.count(source(i)) },
    { name: 'depth-3 ids', run: (peer, i) => peer.ids(source(i)) },
    { name: 'shortest path', run: (peer, i) => peer.path(source(i), target(i)) },
  ]
  const peers = [recursivePeer, levelsPeer, functionPeer].map((make) => make(client, graph))
  const postmaster = await postmasterPid(ownerUrl)
  for (const each of cases) {
    console.log(`\n${each.name}: ms of each source, median of ${rounds} rounds`)
    console.log(row('answer', ...peers.map(({ name }) => name)))
    const sums = peers.map(() => 0)
    const cpu = peers.map(() => 0)
    for (const [i] of pairs.entries()) {
      const times = peers.map((): number[] => [])
      const answers = new Set<number | null>()
      for (let round = 0; round < rounds; round += 1) {
        const order = [...peers.entries()]
        for (const [p, peer] of round % 2 === 0 ? order : order.reverse()) {
          const before = cpuMsOf(postmaster)
          const start = performance.now()
          answers.add(await each.run(peer, i))
          times[p]?.push(performance.now() - start)
          cpu[p] = (cpu[p] ?? 0) + cpuMsOf(postmaster) - before
        }
      }
      if (answers.size !== 1) throw new Error(`peers disagree: ${[...answers].join(', ')}`)
      const medians = times.map(median)
      for (const [p, ms] of medians.entries()) sums[p] = (sums[p] ?? 0) + ms
      console.log(row([...answers][0] ?? 'none', ...medians))
    }
    console.log(row('sum', ...sums))
    console.log(row('CPU ms a query', ...cpu.map((ms) => ms / rounds / pairs.length)))
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function row(name: string | number, ...cells: readonly (string | number)[]): string {
  const shown = cells.map((cell) => (typeof cell === 'number' ? cell.toFixed(1) : cell))
  return String(name).padEnd(16) + shown.map((cell) => cell.padStart(12)).join('')
}
