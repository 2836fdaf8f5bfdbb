import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type {} from 'vitest'
import type { TestProject } from 'vitest/node'
import { z } from 'zod'
import { type Bundle, bundleWorker } from '../../scripts/local/bundle.ts'
import { startServer } from '../../scripts/local/server.ts'
import { startStack } from '../../scripts/local/stack.ts'
import { dropDatabases } from '../../scripts/local/stack-databases.ts'
import { workerOptions } from '../../scripts/local/worker-options.ts'
import { startControlServer } from './control-server.ts'
import type { RunningStack } from './own-stack.ts'
import { withProductionLimits } from './production-limits/with-production-limits.ts'
import { RedisChaos, redisChaosSettings } from './redis-chaos.ts'
import { assertEmpty, flushDatabases, realRedisUrl } from './redis-databases.ts'
import { SqlChaos } from './sql-chaos.ts'
import { REDIS_OFFSETS } from './stacks.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** One for each file that may run at the same time: see ownStack. */
    stacks: readonly RunningStack[]
  }
}

// Of a role of the whole server: the other tests use the same.
const APP_PASSWORD = 'tendril-test'

const settings = z.strictObject({
  cutBefore: z.number().min(0).max(1).default(0),
  cutAfter: z.number().min(0).max(1).default(0),
  delayMs: z.number().min(0).default(0),
  seed: z.int().default(1),
})
const cronRun = z.strictObject({ cron: z.string() })

/** The worker as it is deployed, in workerd, on the PostgreSQL of pg-global-setup, which ran before. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'tendril-e2e-'))
  const bundle = await bundleWorker(join(folder, 'build'))
  const deployed = process.env.TENDRIL_TEST_LIMITS ? await limited(bundle) : bundle
  const { pgUrl } = project.getProvidedContext()
  const started: Started[] = []
  // One after the other: they make the roles of the same server.
  for (const offset of REDIS_OFFSETS) {
    const dataDir = join(folder, `stack-${offset}`)
    started.push(await start({ dataDir, pgUrl, bundle: deployed, redisUrl: realRedisUrl(offset) }))
  }
  project.provide(
    'stacks',
    started.map(({ stack }) => stack),
  )
  return async function teardown() {
    for (const { stop } of started) await stop()
    await rm(folder, { recursive: true, force: true })
  }
}

type Started = { readonly stack: RunningStack; stop(): Promise<void> }

type Place = {
  readonly dataDir: string
  readonly pgUrl: string
  readonly bundle: Bundle
  readonly redisUrl: string | undefined
}

async function start({ dataDir, pgUrl, bundle, redisUrl }: Place): Promise<Started> {
  const databasePrefix = `e2e_${randomBytes(4).toString('hex')}`
  const chaos = new SqlChaos()
  const redisChaos = new RedisChaos()
  const stack = await startStack({
    ...{ dataDir, postgresUrl: pgUrl, databasePrefix, appPassword: APP_PASSWORD, redisUrl },
    faults: chaos,
    redisFaults: { cache: redisChaos.of('cache'), state: redisChaos.of('state') },
  })
  const redisDatabases = {
    cache: { url: stack.redis.cache.url, token: stack.bindings.UPSTASH_REDIS_CACHE_TOKEN },
    state: { url: stack.redis.state.url, token: stack.bindings.UPSTASH_REDIS_STATE_TOKEN },
  }
  await assertEmpty(redisDatabases)
  const server = await startServer({
    ...{ port: 0, bindings: stack.bindings, persistDir: join(dataDir, 'objects'), bundle },
    onLog: process.env.TENDRIL_TEST_LOG ? (line) => console.error(line) : () => {},
  })
  const control = await startControlServer({
    '/faults': (body) => chaos.set(settings.parse(body)),
    '/sql-requests': () => ({ requests: chaos.requests }),
    '/evict': async () => ({ evicted: await server.evictObjects() }),
    '/crash': () => server.crashObjects(),
    '/redis-faults': (body) => redisChaos.set(redisChaosSettings.parse(body), stack.redis),
    '/redis-flush': () => flushDatabases(redisDatabases),
    '/cron': (body) => server.runCron(cronRun.parse(body).cron),
  })
  async function stop(): Promise<void> {
    await control.close()
    await server.stop()
    await redisChaos.set(redisChaosSettings.parse({}), stack.redis)
    await flushDatabases(redisDatabases)
    await stack.stop()
    await dropDatabases(stack.postgres, databasePrefix)
  }
  const urls = { baseUrl: server.url, controlUrl: control.url }
  return { stack: { ...urls, redisDatabases, databasePrefix }, stop }
}

/** Under the limits of production, which the local runtime does not enforce. */
async function limited(bundle: Bundle): Promise<Bundle> {
  const { durableObjects } = workerOptions(bundle, {})
  const classes = Object.values(durableObjects).map(({ className }) => className)
  return withProductionLimits(bundle, [...new Set(classes)])
}
