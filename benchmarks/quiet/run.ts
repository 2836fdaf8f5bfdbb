import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { demoTenant } from '../../scripts/local/demo.ts'
import { startStack } from '../../scripts/local/stack.ts'
import { ROOT, WRANGLER, wranglerEnv } from '../../scripts/local/wrangler.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    tenants: { type: 'string', default: '20' },
    /** Between two requests of a tenant. */
    every: { type: 'string', default: '5' },
  },
})

/** An answer that took as long as this cannot have been made without asking an object. */
const PAID_FROM_MS = 80

const LEVELS = ['session', 'strong', 'bounded=60'] as const

const folder = mkdtempSync(join(tmpdir(), 'tendril-quiet-'))
chmodSync(folder, 0o711)
const stack = await startStack({ dataDir: folder, durable: false })
const miniflare = new Miniflare(convertV4MiniflareOptions(workerOptions() as never))
try {
  await miniflare.ready
  const { origin } = await miniflare.unsafeGetDirectURL('quiet')
  await run(origin)
} finally {
  await miniflare.dispose()
  await stack.stop()
  rmSync(folder, { recursive: true, force: true })
}

type Reader = { readonly level: string; readonly key: string; readonly path: string }

async function run(url: string): Promise<void> {
  const readers: Reader[] = []
  for (let i = 0; i < Number(options.tenants); i += 1) {
    const { apiKey: key } = await demoTenant(url, join(folder, `tenant-${i}.json`))
    const path = await newEntity(url, key)
    const reader = { level: LEVELS[i % LEVELS.length] ?? 'session', key, path }
    // What is measured is a tenant that comes back, not one that nobody has seen.
    await ask(url, reader)
    readers.push(reader)
  }
  const everyMs = Number(options.every) * 1_000
  const took = new Map<string, number[]>(LEVELS.map((level) => [level, []]))
  await Promise.all(
    readers.map(async (reader, i) => {
      await delay((everyMs * (i + 1)) / readers.length)
      for (let at = 0; at < Number(options.seconds) * 1_000; at += everyMs) {
        await delay(everyMs)
        took.get(reader.level)?.push(await ask(url, reader))
      }
    }),
  )
  const calls = await (await fetch(`${url}/calls`)).json()
  const rows = [...took].map(([level, times]) => ({
    level,
    requests: times.length,
    'p50 ms': percentile(times, 0.5).toFixed(0),
    'p95 ms': percentile(times, 0.95).toFixed(0),
    'waited for a call %': share(times.filter((ms) => ms >= PAID_FROM_MS).length / times.length),
  }))
  console.table(rows)
  console.log(`${calls} calls to objects in all, each ${PAID_FROM_MS} ms away.`)
}

/** Milliseconds until the answer to a read. */
async function ask(url: string, { level, key, path }: Reader): Promise<number> {
  const headers = { authorization: `Bearer ${key}`, 'tendril-consistency': level }
  const began = performance.now()
  const response = await fetch(`${url}/api/v1${path}`, { headers })
  await response.text()
  if (!response.ok) throw new Error(`${path} answered ${response.status}`)
  return performance.now() - began
}

async function newEntity(url: string, key: string): Promise<string> {
  const response = await fetch(`${url}/api/v1/entities`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'thing' }),
  })
  if (!response.ok) throw new Error(await response.text())
  return `/entities/${((await response.json()) as { id: string }).id}`
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

function share(of: number): string {
  return (of * 100).toFixed(0)
}

function workerOptions() {
  const outDir = join(folder, 'build')
  const config = join(ROOT, 'benchmarks', 'quiet', 'wrangler.toml')
  const args = [WRANGLER, 'deploy', '--dry-run', '--config', config, '--outdir', outDir]
  execFileSync(process.execPath, args, { cwd: ROOT, env: wranglerEnv(), stdio: 'pipe' })
  const files = readdirSync(outDir).filter((file) => /\.(m?js|wasm)$/.test(file))
  const entryFirst = files.toSorted((a, b) => Number(b === 'worker.js') - Number(a === 'worker.js'))
  return {
    ...{ cf: false, logRequests: false, telemetry: { enabled: false } },
    resourcePersistencePath: join(folder, 'objects'),
    workers: [
      {
        name: 'quiet',
        modules: entryFirst.map((file) => {
          const path = join(outDir, file)
          return file.endsWith('.wasm')
            ? { type: 'CompiledWasm', path, contents: new Uint8Array(readFileSync(path)) }
            : { type: 'ESModule', path, contents: readFileSync(path, 'utf8') }
        }),
        modulesRoot: outDir,
        compatibilityDate: '2026-10-01',
        bindings: { ...stack.bindings },
        durableObjects: { GRAPH_LOG: { className: 'GraphLog', useSQLite: true } },
        unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
      },
    ],
  }
}
