import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { startStack } from '../../scripts/local/stack.ts'
import { ROOT, WRANGLER, wranglerEnv } from '../../scripts/local/wrangler.ts'
import type { Result, Task } from './worker.ts'

/** Rounds of every case, in alternating order; the median counts. */
const ROUNDS = 5

const CASES: readonly (Task & { readonly name: string })[] = [
  { name: '1 writer, the batch sent directly', mode: 'direct', writers: 1, commitsPerWriter: 200 },
  ...[1, 32, 256].flatMap((writers) =>
    (['ungrouped', 'grouped'] as const).map((mode) => ({
      name: `${writers} writer${writers > 1 ? 's' : ''}, ${mode === 'grouped' ? 'groups' : 'group size 1'}`,
      mode,
      writers,
      commitsPerWriter: commitsPerWriter(mode, writers),
    })),
  ),
]

/** So that a case takes about a second. */
function commitsPerWriter(mode: Task['mode'], writers: number): number {
  if (writers === 1) return 200
  return mode === 'grouped' ? Math.ceil(8_000 / writers) : Math.max(1, Math.floor(256 / writers))
}

const folder = mkdtempSync(join(tmpdir(), 'tendril-bench-'))
chmodSync(folder, 0o711)
const stack = await startStack({ dataDir: folder, durable: true })
const miniflare = new Miniflare(convertV4MiniflareOptions(workerOptions(folder, stack.bindings)))
try {
  await run(miniflare)
} finally {
  await miniflare.dispose()
  await stack.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function run(worker: Miniflare): Promise<void> {
  const rates = new Map<string, number[]>()
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const each of round % 2 === 0 ? CASES : CASES.toReversed()) {
      const response = await worker.dispatchFetch('http://bench/', {
        method: 'POST',
        body: JSON.stringify(each),
      })
      if (!response.ok) throw new Error(await response.text())
      const { commits, elapsedMs } = (await response.json()) as Result
      rates.set(each.name, [...(rates.get(each.name) ?? []), (commits * 1_000) / elapsedMs])
    }
  }
  report(rates)
}

function report(rates: ReadonlyMap<string, readonly number[]>): void {
  console.log(
    `\n${'commits/s'.padEnd(40)}${'median'.padStart(10)}${'min'.padStart(10)}${'max'.padStart(10)}`,
  )
  for (const [name, values] of rates) {
    const figures = [median(values), Math.min(...values), Math.max(...values)]
    console.log(name.padEnd(40) + figures.map((each) => each.toFixed(0).padStart(10)).join(''))
  }
  const rate = (name: string) => median(rates.get(name) ?? [])
  const grouping = rate('256 writers, groups') / rate('256 writers, group size 1')
  const latency = rate('1 writer, the batch sent directly') / rate('1 writer, groups')
  console.log(
    `\n256 writers, groups / group size 1:       ${grouping.toFixed(1)} x   (goal: at least 10)`,
  )
  console.log(
    `1 writer, latency / the direct batch's:   ${latency.toFixed(2)} x   (goal: at most 1.5)`,
  )
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function workerOptions(target: string, bindings: Readonly<Record<string, string>>) {
  const outDir = join(target, 'build')
  const config = join(ROOT, 'benchmarks', 'write', 'wrangler.toml')
  const args = [WRANGLER, 'deploy', '--dry-run', '-c', config, '--outdir', outDir]
  execFileSync(process.execPath, args, { cwd: ROOT, env: wranglerEnv(), stdio: 'pipe' })
  const entry = readFileSync(join(outDir, entryOf(outDir)), 'utf8')
  return {
    cf: false,
    telemetry: { enabled: false },
    modules: [{ type: 'ESModule' as const, path: join(outDir, 'worker.js'), contents: entry }],
    modulesRoot: outDir,
    compatibilityDate: '2026-10-01',
    bindings: { ...bindings },
    durableObjects: {
      GRAPH_LOG: { className: 'GraphLog', useSQLite: true },
      UNGROUPED_GRAPH_LOG: { className: 'UngroupedGraphLog', useSQLite: true },
    },
    // Without consumers: what is measured is the write.
    queueProducers: {
      LOG_QUEUE: 'log',
      LOG_BACKLOG_QUEUE: 'log',
      JOBS_HIGH_QUEUE: 'jobs',
      JOBS_NORMAL_QUEUE: 'jobs',
      JOBS_LOW_QUEUE: 'jobs',
    },
    r2Buckets: { FILES: 'files' },
  }
}

function entryOf(outDir: string): string {
  const name = readdirSync(outDir).find((file) => file.endsWith('.js'))
  if (!name) throw new Error('the benchmark worker was not built')
  return name
}
