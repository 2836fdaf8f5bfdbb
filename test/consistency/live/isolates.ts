import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleWorker } from '../../../scripts/local/bundle.ts'
import type { LocalRedis } from '../../../scripts/local/redis/local-redis.ts'
import { type Server, startServer } from '../../../scripts/local/server.ts'
import { startStack } from '../../../scripts/local/stack.ts'
import { dropDatabases } from '../../../scripts/local/stack-databases.ts'
import { RedisChaos } from '../../harness/redis-chaos.ts'
import { flushDatabases } from '../../harness/redis-databases.ts'
import { SqlChaos } from '../../harness/sql-chaos.ts'

/** Isolates of the worker as it is deployed, on databases of their own that can be made to fail. */
export type Isolates = {
  readonly server: Server
  readonly sql: SqlChaos
  readonly redisChaos: RedisChaos
  readonly redis: LocalRedis
  flushRedis(): Promise<void>
  stop(): Promise<void>
}

export async function startIsolates(isolates: number, postgresUrl: string): Promise<Isolates> {
  const folder = await mkdtemp(join(tmpdir(), 'tendril-isolates-'))
  const databasePrefix = `isolates_${crypto.randomUUID().slice(0, 8)}`
  const sql = new SqlChaos()
  const redisChaos = new RedisChaos()
  const stack = await startStack({
    ...{ dataDir: folder, postgresUrl, databasePrefix, faults: sql },
    // Of a role of the whole server: the other tests use the same.
    appPassword: 'tendril-test',
    redisFaults: { cache: redisChaos.of('cache'), state: redisChaos.of('state') },
  })
  const server = await startServer({
    ...{ port: 0, isolates, bindings: stack.bindings, persistDir: join(folder, 'objects') },
    bundle: await bundleWorker(join(folder, 'build')),
    onLog: process.env.TENDRIL_TEST_LOG ? (line) => console.error(line) : () => {},
  })
  const databases = {
    cache: { url: stack.redis.cache.url, token: stack.bindings.UPSTASH_REDIS_CACHE_TOKEN },
    state: { url: stack.redis.state.url, token: stack.bindings.UPSTASH_REDIS_STATE_TOKEN },
  }
  return {
    ...{ server, sql, redisChaos, redis: stack.redis },
    flushRedis: () => flushDatabases(databases),
    async stop() {
      await server.stop()
      await stack.stop()
      await dropDatabases(stack.postgres, databasePrefix)
      await rm(folder, { recursive: true, force: true })
    },
  }
}
