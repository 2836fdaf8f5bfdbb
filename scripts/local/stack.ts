import { join } from 'node:path'
import { externalPostgres, type PostgresServer, startPostgres } from './postgres.ts'
import type { LocalRedis, LocalRedisOptions } from './redis/local-redis.ts'
import { loadSecrets } from './secrets.ts'
import { type SqlFaults, startSqlOverHttp } from './sql-over-http.ts'
import { prepareDatabases } from './stack-databases.ts'

export type StackOptions = {
  /** Folder for the cluster and the secrets; made when missing. */
  readonly dataDir: string
  /** Default true. False trades the data's safety in a power cut for speed: for tests only. */
  readonly durable?: boolean
  readonly faults?: SqlFaults
  /** URL of a Redis to use in place of the one in this process; its next database is used, too. */
  readonly redisUrl?: string | undefined
  readonly redisFaults?: LocalRedisOptions['faults']
  /** Receives PostgreSQL's own log lines and what is done out of the ordinary. */
  readonly onLog?: (line: string) => void
  /** Called as each part is ready. */
  readonly onPart?: (part: 'postgres' | 'databases') => void
  /** URL of a PostgreSQL to use in place of the embedded one; its role may make databases and roles. */
  readonly postgresUrl?: string | undefined
  /** Beginning of the databases' names; default `tendril`. */
  readonly databasePrefix?: string
  /** Of tendril_app, a role of the whole server; default a random one kept in `dataDir`. */
  readonly appPassword?: string
}

/** What the worker needs beside its bindings: see env.ts. */
export type StackBindings = {
  readonly TENDRIL_CATALOG_URL: string
  readonly TENDRIL_SHARDS: string
  readonly TENDRIL_JWT_SECRET: string
  readonly TENDRIL_SQL_ENDPOINT: string
  readonly TENDRIL_REGISTRATION: string
  readonly UPSTASH_REDIS_CACHE_URL: string
  readonly UPSTASH_REDIS_CACHE_TOKEN: string
  readonly UPSTASH_REDIS_STATE_URL: string
  readonly UPSTASH_REDIS_STATE_TOKEN: string
}

export type Stack = {
  readonly sqlEndpoint: string
  readonly bindings: StackBindings
  readonly postgres: PostgresServer
  readonly redis: LocalRedis
  /** Ends the services, then PostgreSQL unless it was given by URL. */
  stop(): Promise<void>
}

/**
 * Starts what the worker runs on: PostgreSQL with a migrated catalog and one shard, Neon's SQL over
 * HTTP in front of it, and two Redis databases as Upstash serves them. Rejects with a UserError,
 * leaving nothing running.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { onLog = () => {}, onPart = () => {}, durable = true } = options
  const kept = loadSecrets(options.dataDir)
  const secrets = { ...kept, appPassword: options.appPassword ?? kept.appPassword }
  // Read while PostgreSQL starts.
  const redisModule = import('./redis/local-redis.ts')
  const postgres = options.postgresUrl
    ? await externalPostgres(options.postgresUrl)
    : await startPostgres({ dataDir: postgresFolder(options.dataDir), durable, onLog })
  const started = [() => postgres.stop()]
  async function stop(): Promise<void> {
    for (let end = started.pop(); end; end = started.pop()) await end()
  }
  onPart('postgres')
  try {
    const urls = await prepareDatabases(postgres, secrets, options.databasePrefix)
    const service = await startSqlOverHttp(options.faults ? { faults: options.faults } : {})
    started.push(() => service.close())
    const { startLocalRedis } = await redisModule
    const redis = await startLocalRedis({
      tokens: { cache: secrets.redisCacheToken, state: secrets.redisStateToken },
      redisUrl: options.redisUrl,
      ...(options.redisFaults && { faults: options.redisFaults }),
    })
    started.push(() => redis.close())
    onPart('databases')
    return {
      sqlEndpoint: service.url,
      bindings: {
        TENDRIL_CATALOG_URL: urls.catalogUrl,
        TENDRIL_SHARDS: JSON.stringify(urls.shards),
        TENDRIL_JWT_SECRET: secrets.jwtSecret,
        TENDRIL_SQL_ENDPOINT: service.url,
        // Only this machine can reach it.
        TENDRIL_REGISTRATION: 'open',
        UPSTASH_REDIS_CACHE_URL: redis.cache.url,
        UPSTASH_REDIS_CACHE_TOKEN: secrets.redisCacheToken,
        UPSTASH_REDIS_STATE_URL: redis.state.url,
        UPSTASH_REDIS_STATE_TOKEN: secrets.redisStateToken,
      },
      postgres,
      redis,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Where the embedded PostgreSQL keeps its cluster. */
export function postgresFolder(dataDir: string): string {
  return join(dataDir, 'postgres')
}
