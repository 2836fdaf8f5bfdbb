import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { type Bundle, bundleWorker } from '../../scripts/local/bundle.ts'
import { type PostgresServer, startPostgres } from '../../scripts/local/postgres.ts'
import { type Stack, startStack } from '../../scripts/local/stack.ts'
import { dropDatabases } from '../../scripts/local/stack-databases.ts'
import { loadThroughApi } from './api-load.ts'
import { type Contents, readContents } from './contents.ts'
import { loadByCopy, writeCopyFiles } from './copy-load.ts'
import { cpuMsOf, postmasterPid } from './cpu-time.ts'
import { type Dataset, dataset } from './dataset.ts'
import { type InsertBatch, insertBatch, loadByInserts } from './insert-load.ts'
import { PLACE, withGraph } from './place.ts'
import { type Run, reportRuns, runLine, runOf } from './report.ts'
import { type Bodies, batchBodies, importBodies } from './request-bodies.ts'
import { BATCH_ROWS, storedCommits } from './stored-rows.ts'

const HELP = `Loads one generated graph in several ways, each into fresh databases of one PostgreSQL with
fsync and synchronous_commit on, and compares rows per second.

  npm run bench:import -- [options]

  --scale <n>    share of 100,000 entities and 500,000 relationships   default 1
  --rounds <n>   of all cases, in alternating order                    default 3
  --cases <a,b>  only these: ${'copy, insert, import, import-1000, batch-1000'}
  --help         this text`

const { values } = parseArgs({
  options: {
    scale: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    cases: { type: 'string', default: 'copy,insert,import,import-1000,batch-1000' },
    help: { type: 'boolean', default: false },
  },
})

/** What every case finds ready when its clock starts. */
type Prepared = {
  readonly folder: string
  readonly rows: number
  readonly bundle: Bundle
  readonly batches: readonly InsertBatch[]
}

/** What a load took: the time, and the CPU of processes that only this kind of load has. */
type Loaded = { readonly elapsedMs: number; readonly workerMs?: number; readonly clientMs?: number }

/** One way of loading. */
type Load = (stack: Stack, shardUrl: string, prepared: Prepared) => Promise<Loaded>

const throughApi =
  (route: 'import' | 'batch', bodies: string, inFlight: number): Load =>
  (stack, _shardUrl, { bundle, folder }) =>
    loadThroughApi(stack, bundle, mkdtempSync(join(folder, 'run-')), {
      route,
      bodiesFile: join(folder, bodies),
      inFlight,
    })

const CASES: Readonly<Record<string, Load>> = {
  copy: (_stack, shardUrl, { folder, rows }) =>
    withGraph(shardUrl, (client) => timed(() => loadByCopy(client, PLACE, folder, rows))),
  insert: (_stack, shardUrl, { batches }) =>
    withGraph(shardUrl, (client) => timed(() => loadByInserts(client, PLACE, batches))),
  import: throughApi('import', 'import-bodies', 3),
  'import-1000': throughApi('import', 'import-1000-bodies', 4),
  'batch-1000': throughApi('batch', 'batch-1000-bodies', 4),
}

if (values.help) console.log(HELP)
else await main(Number(values.scale), Number(values.rounds), values.cases.split(','))

async function main(scale: number, rounds: number, names: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tendril-bench-'))
  chmodSync(folder, 0o711)
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), durable: true })
  try {
    const prepared = await prepare(folder, scale)
    const runs = new Map<string, Run[]>()
    let expected: Contents | null = null
    for (let round = 0; round < rounds; round += 1) {
      for (const name of round % 2 === 0 ? names : names.toReversed()) {
        const { run, contents } = await measure(postgres, name, prepared)
        expected ??= contents
        assertSame(name, contents, expected)
        console.log(runLine(name, run))
        runs.set(name, [...(runs.get(name) ?? []), run])
      }
    }
    reportRuns(runs, expected ?? {})
  } finally {
    await postgres.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** In a function of its own, so that the rows are gone from memory when the clock starts. */
async function prepare(folder: string, scale: number): Promise<Prepared> {
  const data = dataset(scale)
  const startMs = Date.now()
  writeBodies(folder, data)
  await writeCopyFiles(() => storedCommits(data, startMs), PLACE, folder)
  return {
    folder,
    rows: data.entities.length + data.relationships.length,
    bundle: await bundleWorker(join(folder, 'build')),
    batches: [...storedCommits(data, startMs)].map(insertBatch),
  }
}

function writeBodies(folder: string, data: Dataset): void {
  const write = (name: string, bodies: Bodies) =>
    writeFileSync(join(folder, name), JSON.stringify(bodies))
  write('import-bodies', importBodies(data, 10 * BATCH_ROWS))
  write('import-1000-bodies', importBodies(data, BATCH_ROWS))
  write('batch-1000-bodies', batchBodies(data, BATCH_ROWS))
}

async function measure(postgres: PostgresServer, name: string, prepared: Prepared) {
  const load = CASES[name]
  if (!load) throw new Error(`there is no case ${name}`)
  const stack = await startStack({
    dataDir: mkdtempSync(join(prepared.folder, 'stack-')),
    postgresUrl: postgres.url('postgres'),
    databasePrefix: 'bench',
  })
  try {
    const shardUrl = postgres.url('bench_shard_1')
    await checkpoint(shardUrl)
    const postmaster = await postmasterPid(shardUrl)
    const before = cpuMsOf(postmaster)
    const ownBefore = process.cpuUsage()
    const { elapsedMs, workerMs = 0, clientMs = 0 } = await load(stack, shardUrl, prepared)
    const own = process.cpuUsage(ownBefore)
    const cpu = {
      PostgreSQL: cpuMsOf(postmaster) - before,
      worker: workerMs,
      client: clientMs,
      // The SQL service of the API's loads, and the client of the others.
      'this process': (own.user + own.system) / 1_000,
    }
    return {
      run: runOf(prepared.rows, elapsedMs, cpu),
      contents: await readContents(shardUrl),
    }
  } finally {
    await stack.stop()
    await dropDatabases(postgres, 'bench')
  }
}

async function timed(load: () => Promise<void>): Promise<Loaded> {
  const start = performance.now()
  await load()
  return { elapsedMs: performance.now() - start }
}

/** So that no case pays for what the one before has written. */
async function checkpoint(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('checkpoint')
  await client.end()
}

function assertSame(name: string, contents: Contents, expected: Contents): void {
  for (const [what, value] of Object.entries(expected)) {
    if (contents[what] !== value) {
      throw new Error(`${name} left other ${what}: ${contents[what]}, not ${value}`)
    }
  }
}
