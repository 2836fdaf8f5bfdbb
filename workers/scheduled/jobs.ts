import { openCatalog, openShard } from '../../db/databases.ts'
import { purge } from '../../db/queries/purge.ts'
import type { Env } from '../../env.ts'

type Job = (env: Env) => Promise<void>

/** What each cron expression of wrangler.toml starts. */
export const JOBS: Readonly<Record<string, Job>> = {
  '17 * * * *': purgeExpired,
}

/** Forgets answers to requests that are older than a day, and removes rows of deleted graphs. */
async function purgeExpired(env: Env): Promise<void> {
  await purge(openCatalog(env), 'catalog')
  for (const { id } of env.TENDRIL_SHARDS) await purge(openShard(env, id), 'shard')
}
