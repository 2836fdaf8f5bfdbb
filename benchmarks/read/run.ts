import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { type Bundle, bundleWorker } from '../../scripts/local/bundle.ts'
import { demoTenant } from '../../scripts/local/demo.ts'
import { freePort } from '../../scripts/local/free-port.ts'
import { startServer } from '../../scripts/local/server.ts'
import { startStack } from '../../scripts/local/stack.ts'
import { WORKER } from '../../scripts/local/worker-options.ts'
import { ROOT, WRANGLER, wranglerEnv } from '../../scripts/local/wrangler.ts'
import { type Measured, measure } from './load.ts'
import { inspectorOf, profileWhile, selfTimes } from './profile.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '32' },
    /** Profiles session reads in place of measuring. */
    profile: { type: 'boolean', default: false },
  },
})

const COMPATIBILITY_DATE = '2026-10-01'

const folder = mkdtempSync(join(tmpdir(), 'tendril-bench-'))
chmodSync(folder, 0o711)
const stack = await startStack({ dataDir: folder })
const inspectorPort = options.profile ? await freePort() : undefined
const server = await startServer({
  ...{ port: 0, bindings: stack.bindings, persistDir: folder },
  ...(inspectorPort === undefined ? {} : { inspectorPort, bundle: await readable() }),
})
const [serverPid = 0] = runtimes()
const { apiKey } = await demoTenant(server.url, join(folder, 'demo.json'))
const authorization = `Bearer ${apiKey}`
const entity = await createEntity()
const bare = await startBare(JSON.stringify(entity))
const [barePid = 0] = runtimes().filter((pid) => pid !== serverPid)
try {
  await (inspectorPort === undefined ? run() : profile(inspectorPort))
} finally {
  await bare.stop()
  await server.stop()
  await stack.stop()
  rmSync(folder, { recursive: true, force: true })
}

/** The worker with the names of its functions. */
async function readable(): Promise<Bundle> {
  return bundleWorker(join(folder, 'readable'), ['--minify=false'])
}

/** Where the isolate's own time goes while it answers session reads. */
async function profile(port: number): Promise<void> {
  const url = `${server.url}/api/v1/entities/${entity.id}`
  const load = { connections: Number(options.connections), pid: serverPid }
  const reading = (seconds: number) =>
    measure({ ...load, url, headers: { authorization }, seconds })
  // Until the code that is used often is compiled.
  await reading(Number(options.seconds))
  const inspector = await inspectorOf(port, WORKER)
  const taken = await profileWhile(inspector, () => reading(Number(options.seconds)))
  const rows = selfTimes(taken).slice(0, 60)
  console.table(rows.map(({ where, share }) => ({ where, share: percent(share) })))
}

async function run(): Promise<void> {
  const url = `${server.url}/api/v1/entities/${entity.id}`
  const cases = [
    { name: 'bare worker', pid: barePid, url: `${bare.url}/bare`, headers: {} },
    { name: 'session', pid: serverPid, url, headers: { authorization } },
    {
      ...{ name: 'bounded=60', pid: serverPid, url },
      headers: { authorization, 'tendril-consistency': 'bounded=60' },
    },
    { name: 'bare worker + object', pid: barePid, url: `${bare.url}/object`, headers: {} },
    {
      ...{ name: 'strong', pid: serverPid, url },
      headers: { authorization, 'tendril-consistency': 'strong' },
    },
  ]
  const measured = new Map<string, Measured[]>()
  // Until the code that is used often is compiled.
  for (const { name: _, ...each } of cases) {
    await measure({ ...each, connections: Number(options.connections), seconds: 2 })
  }
  for (let round = 0; round < Number(options.rounds); round += 1) {
    for (const { name, ...each } of round % 2 === 0 ? cases : cases.toReversed()) {
      const load = { connections: Number(options.connections), seconds: Number(options.seconds) }
      const result = await measure({ ...each, ...load })
      measured.set(name, [...(measured.get(name) ?? []), result])
    }
  }
  report(measured)
}

function report(measured: ReadonlyMap<string, readonly Measured[]>): void {
  const median = (name: string, of: (each: Measured) => number) =>
    medianOf((measured.get(name) ?? []).map(of))
  const least = (name: string) =>
    Math.min(...(measured.get(name) ?? []).map(({ cpuMicroseconds }) => cpuMicroseconds))
  const rows = [...measured.keys()].map((name) => ({
    level: name,
    'requests/s': Math.round(median(name, (each) => each.requestsPerSecond)),
    'p50 ms': median(name, (each) => each.p50Ms),
    'p99 ms': median(name, (each) => each.p99Ms),
    'CPU µs/request': Math.round(median(name, (each) => each.cpuMicroseconds)),
    // What else the machine does adds to it, and never takes from it.
    'least CPU': Math.round(least(name)),
    'share of a core': median(name, (each) => each.cpuShare).toFixed(2),
  }))
  console.table(rows)
  const rate = (name: string) => median(name, (each) => each.requestsPerSecond)
  console.log(
    `session is ${percent(rate('session') / rate('bare worker'))} of the bare worker, by CPU ${percent(least('bare worker') / least('session'))}; goal 60 %.`,
  )
  console.log(
    `strong is ${percent(rate('strong') / rate('bare worker + object'))} of the bare worker that asks an empty object, by CPU ${percent(least('bare worker + object') / least('strong'))}; goal 50 %.`,
  )
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

async function createEntity(): Promise<{ readonly id: string }> {
  const response = await fetch(`${server.url}/api/v1/entities`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({
      type: 'airport',
      name: 'Hartsfield-Jackson Atlanta International',
      external_id: 'ATL',
      location: { lat: 33.64, lon: -84.43 },
      properties: { city: 'Atlanta', state: 'GA', country: 'USA', runways: 5 },
    }),
  })
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as { id: string }
}

/** The bare worker in a runtime of its own, on a socket like the real one's. */
async function startBare(body: string): Promise<{ url: string; stop(): Promise<void> }> {
  const outDir = join(folder, 'bare')
  const config = join(ROOT, 'benchmarks', 'read', 'wrangler.toml')
  const args = [WRANGLER, 'deploy', '--dry-run', '--config', config, '--outdir', outDir]
  execFileSync(process.execPath, args, { cwd: ROOT, env: wranglerEnv(), stdio: 'pipe' })
  const entry = readdirSync(outDir).find((file) => file.endsWith('.js')) ?? ''
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...{ cf: false, logRequests: false, telemetry: { enabled: false } },
      resourcePersistencePath: join(folder, 'bare-objects'),
      workers: [
        {
          name: 'bare',
          modules: [
            {
              type: 'ESModule',
              path: join(outDir, entry),
              contents: readFileSync(join(outDir, entry), 'utf8'),
            },
          ],
          modulesRoot: outDir,
          compatibilityDate: COMPATIBILITY_DATE,
          bindings: { BODY: body },
          durableObjects: { EMPTY: { className: 'Empty', useSQLite: true } },
          unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
        },
      ],
    } as never),
  )
  await miniflare.ready
  const url = await miniflare.unsafeGetDirectURL('bare')
  return { url: url.origin, stop: () => miniflare.dispose() }
}

/** Processes of workerd that this one has started. */
function runtimes(): number[] {
  const { pid } = process
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  return children
    .map(Number)
    .filter((child) => readFileSync(`/proc/${child}/comm`, 'utf8').startsWith('workerd'))
}
