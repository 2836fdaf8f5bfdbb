import type { Env } from '../env.ts'
import { type Database, openDatabase } from './client.ts'

/** The catalog: tenants, users, keys and where each graph lives. */
export function openCatalog(env: Env): Database {
  return openDatabase(env.TENDRIL_CATALOG_URL, env.TENDRIL_SQL_ENDPOINT)
}

/** The primary of a shard. Throws for a shard that the environment does not name. */
export function openShard(env: Env, shardId: string): Database {
  const shard = env.TENDRIL_SHARDS.find(({ id }) => id === shardId)
  if (!shard) throw new Error(`TENDRIL_SHARDS does not name the shard ${shardId}`)
  return openDatabase(shard.url, env.TENDRIL_SQL_ENDPOINT)
}
