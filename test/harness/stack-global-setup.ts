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
import { withProductionLimits } from './production-limits/with-production-limits.ts'
import { RedisChaos, redisChaosSettings } from './redis-chaos.ts'
import { assertEmpty, flushDatabases, realRedisUrl } from './redis-databases.ts'
import { SqlChaos } from './sql-chaos.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** http://HOST:PORT of the running worker, without a slash at the end. */
    baseUrl: string
    /**
     * Takes POSTs of JSON: `/faults` ChaosSettings, `/evict` every idle Durable Object from memory
     * (answers with how many there were), `/crash` all of them, whatever they do, `/cron`
     * `{"cron": expression}`, `/sql-requests` nothing (answers with how many were made so far), `/redis-faults` what redisChaosSettings names, `/redis-flush` nothing.
     */
    controlUrl: string
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
  const databasePrefix = `e2e_${randomBytes(4).toString('hex')}`
  const chaos = new SqlChaos()
  const redisChaos = new RedisChaos()
  const stack = await startStack({
    dataDir: folder,
    postgresUrl: project.getProvidedContext().pgUrl,
    databasePrefix,
    appPassword: APP_PASSWORD,
    faults: chaos,
    redisUrl: realRedisUrl(0),
    redisFaults: { cache: redisChaos.of('cache'), state: redisChaos.of('state') },
  })
  const bundle = await bundleWorker(join(folder, 'build'))
  const redisDatabases = {
    cache: { url: stack.redis.cache.url, token: stack.bindings.UPSTASH_REDIS_CACHE_TOKEN },
    state: { url: stack.redis.state.url, token: stack.bindings.UPSTASH_REDIS_STATE_TOKEN },
  }
  await assertEmpty(redisDatabases)
  const server = await startServer({
    port: 0,
    bindings: stack.bindings,
    persistDir: join(folder, 'objects'),
    bundle: process.env.TENDRIL_TEST_LIMITS ? await limited(bundle) : bundle,
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
  project.provide('baseUrl', server.url)
  project.provide('controlUrl', control.url)
  project.provide('redisDatabases', redisDatabases)
  return async function teardown() {
    await control.close()
    await server.stop()
    await redisChaos.set(redisChaosSettings.parse({}), stack.redis)
    await flushDatabases(redisDatabases)
    await stack.stop()
    await dropDatabases(stack.postgres, databasePrefix)
    await rm(folder, { recursive: true, force: true })
  }
}

/** Under the limits of production, which the local runtime does not enforce. */
async function limited(bundle: Bundle): Promise<Bundle> {
  const { durableObjects } = workerOptions(bundle, {})
  const classes = Object.values(durableObjects).map(({ className }) => className)
  return withProductionLimits(bundle, [...new Set(classes)])
}
