import pg from 'pg'
import type {} from 'vitest'
import type { TestProject } from 'vitest/node'
import { migrateDatabase } from '../../db/migrate.ts'
import { startLocalRedis } from '../../scripts/local/redis/local-redis.ts'
import { setup as setupPostgres } from './pg-global-setup.ts'
import { assertEmpty, flushDatabases, realRedisUrl } from './redis-databases.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Connection strings of a migrated catalog and shard, as the role that serves. */
    catalogUrl: string
    shardUrl: string
  }
}

const APP = { user: 'tendril_app', password: 'tendril-test' }

const REDIS_TOKENS = { cache: 'tendril-test-cache', state: 'tendril-test-state' }

/** PostgreSQL, SQL over HTTP, migrated databases and Redis for tests that run inside workerd. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  let adminUrl = ''
  const teardown = await setupPostgres({
    ...project,
    provide: (key: string, value: string) => {
      if (key === 'pgUrl') adminUrl = value
      project.provide(key as 'pgUrl', value)
    },
  } as TestProject)
  const names = { catalog: `workerd_catalog_${process.pid}`, shard: `workerd_shard_${process.pid}` }
  for (const kind of ['catalog', 'shard'] as const) {
    await runSql(adminUrl, `create database ${names[kind]}`)
    const ownerUrl = withDatabase(adminUrl, names[kind])
    await migrateDatabase({ kind, ownerUrl, appPassword: APP.password })
  }
  project.provide('catalogUrl', asApp(withDatabase(adminUrl, names.catalog)))
  project.provide('shardUrl', asApp(withDatabase(adminUrl, names.shard)))
  const redis = await startLocalRedis({ tokens: REDIS_TOKENS, redisUrl: realRedisUrl(2) })
  const redisDatabases = {
    cache: { url: redis.cache.url, token: REDIS_TOKENS.cache },
    state: { url: redis.state.url, token: REDIS_TOKENS.state },
  }
  await assertEmpty(redisDatabases)
  project.provide('redisDatabases', redisDatabases)
  return async function teardownAll() {
    await flushDatabases(redisDatabases)
    await redis.close()
    for (const name of Object.values(names)) {
      await runSql(adminUrl, `drop database ${name} with (force)`)
    }
    await teardown()
  }
}

async function runSql(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}

function asApp(url: string): string {
  const changed = new URL(url)
  changed.username = APP.user
  changed.password = APP.password
  return changed.href
}
