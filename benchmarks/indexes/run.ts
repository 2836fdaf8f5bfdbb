import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { IndexMethod } from '../../core/types/definition.ts'
import { NO_INDEXES } from '../../core/types/index-plan.ts'
import { openDatabase } from '../../db/client.ts'
import { startStack } from '../../scripts/local/stack.ts'
import { BATCH, newGraph } from './graph.ts'
import { QUERIES } from './queries.ts'

const ENTITIES = 100_000
/** Times each list is read; the median counts. */
const READS = 15
/** Commits of 1,000 into each graph, in alternating order; the median counts. */
const COMMITS = 12

const folder = mkdtempSync(join(tmpdir(), 'tendril-bench-'))
chmodSync(folder, 0o711)
const stack = await startStack({ dataDir: folder, durable: true })
const [shard] = JSON.parse(stack.bindings.TENDRIL_SHARDS) as { id: string; url: string }[]
const database = openDatabase(shard?.url ?? '', stack.sqlEndpoint)
const owner = new pg.Client({ connectionString: stack.postgres.url('tendril_shard_1') })
await owner.connect()
try {
  await commits()
  await lists()
} finally {
  await owner.end()
  await stack.stop()
  rmSync(folder, { recursive: true, force: true })
}

type Declared = readonly [IndexMethod, readonly string[]]

async function commits(): Promise<void> {
  const composite: Declared = ['composite', ['properties.state', 'properties.elevation']]
  const cases: readonly (readonly [string, readonly Declared[]])[] = [
    ['no index', []],
    ['1 composite', [composite]],
    ['3 composite', [composite, ['composite', ['properties.city']], ['composite', ['name']]]],
    ['1 text', [['text', ['properties.note']]]],
    ['1 fulltext', [['fulltext', ['name', 'properties.note']]]],
    ['1 geo', [['geo', []]]],
  ]
  const graphs = []
  for (const [name, indexes] of cases) {
    const graph = await newGraph(database)
    for (const [method, fields] of indexes) await graph.declare(method, fields)
    graphs.push({ name, graph, times: [] as number[] })
  }
  for (let round = 0; round < COMMITS; round += 1) {
    for (const { graph, times } of round % 2 === 0 ? graphs : graphs.toReversed()) {
      times.push(await timed(() => graph.write(round * BATCH)))
    }
  }
  const base = median(graphs[0]?.times ?? [])
  console.log(
    `\n${'a commit of 1,000'.padEnd(24)}${'ms'.padStart(10)}${'ratio'.padStart(10)}${'fastest'.padStart(10)}`,
  )
  for (const { name, times } of graphs) {
    print(name, median(times), median(times) / base, Math.min(...times))
  }
}

async function lists(): Promise<void> {
  const graph = await newGraph(database)
  for (let first = 0; first < ENTITIES; first += BATCH) await graph.write(first)
  await owner.query('analyze')
  const before = new Map<string, number>()
  for (const [name, query] of Object.entries(QUERIES)) {
    if (query.search !== null || query.near !== null) continue
    before.set(name, await readTime(() => graph.list(query, NO_INDEXES)))
  }
  console.log(
    `\n${'building'.padEnd(24)}${'rows/s'.padStart(10)}${'row'.padStart(10)}${'indexes'.padStart(10)}`,
  )
  const declared: readonly Declared[] = [
    ['composite', ['properties.state', 'properties.elevation']],
    ['text', ['properties.note']],
    ['fulltext', ['name', 'properties.note']],
    ['geo', []],
  ]
  for (const [method, fields] of declared) {
    const sizes = await bytes(method)
    const index = await graph.declare(method, fields)
    const elapsedMs = await timed(() => graph.build(index))
    const grown = (await bytes(method)).map((size, i) => (size - (sizes[i] ?? 0)) / ENTITIES)
    print(method, (ENTITIES * 1_000) / elapsedMs, ...grown)
  }
  await owner.query('analyze')
  console.log(
    `\n${'a page of 50, ms'.padEnd(24)}${'without'.padStart(10)}${'with'.padStart(10)}${'ratio'.padStart(10)}`,
  )
  for (const [name, query] of Object.entries(QUERIES)) {
    const plan = graph.plan(query)
    const withIndex = await readTime(() => graph.list(query, plan))
    const without = before.get(name) ?? Number.NaN
    print(name, without, withIndex, without / withIndex)
  }
}

/** Bytes of the table and of its indexes. */
async function bytes(method: IndexMethod): Promise<number[]> {
  const table = method === 'composite' ? 'index_entries' : `${method}_entries`
  const { rows } = await owner.query<{ own: string; indexes: string }>(
    'select pg_table_size($1::regclass) as own, pg_indexes_size($1::regclass) as indexes',
    [table],
  )
  return [Number(rows[0]?.own), Number(rows[0]?.indexes)]
}

async function readTime(read: () => Promise<number>): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < READS; i += 1) times.push(await timed(read))
  return median(times)
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await run()
  return performance.now() - start
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function print(name: string, ...figures: readonly number[]): void {
  const shown = figures.map((each) =>
    (Number.isNaN(each) ? '-' : each.toFixed(each < 100 ? 2 : 0)).padStart(10),
  )
  console.log(name.padEnd(24) + shown.join(''))
}
