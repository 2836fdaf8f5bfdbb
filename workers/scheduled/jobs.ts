import { openCatalog, openShard } from '../../db/databases.ts'
import { purge } from '../../db/queries/purge.ts'
import type { Env } from '../../env.ts'

type Job = (env: Env) => Promise<void>

/** What each cron expression of wrangler.toml starts. */
export const JOBS: Readonly<Record<string, Job>> = {
  '17 * * * *': purgeExpired,
}

/**
 * Makes the partitions of coming months, forgets answers to requests that are older than a day, and
 * removes rows of deleted graphs and tenants whose registration came to nothing.
 */
async function purgeExpired(env: Env): Promise<void> {
  const results = await Promise.allSettled([
    purge(openCatalog(env), 'catalog'),
    ...env.TENDRIL_SHARDS.map(({ id }) => purge(openShard(env, id), 'shard')),
  ])
  // One database that is down must not keep the others from being purged.
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}
