import { openCatalog, openShard } from '../../db/databases.ts'
import { dropOldEvents, purge } from '../../db/queries/purge.ts'
import type { Env } from '../../env.ts'
import { CONSUMER_NAMES } from '../../queues/consumers/all.ts'
import { sweep } from '../../queues/sweep.ts'
import { dispatchDeps } from '../consume-batch.ts'
import { purgeJobs, sweepJobs } from '../jobs/sweep.ts'
import { finishErasures } from '../operations/finish-erasures.ts'
import { runWaitingTypeTasks } from '../operations/type-tasks/run-waiting.ts'
import { ageHotValues, warmCache } from '../operations/warm-cache.ts'
import { services } from '../services.ts'

type WaitUntil = (work: Promise<unknown>) => void

type Job = (env: Env, waitUntil: WaitUntil) => Promise<void>

/** What each cron expression of wrangler.toml starts. */
export const JOBS: Readonly<Record<string, Job>> = {
  '* * * * *': everyMinute,
  '*/5 * * * *': warm,
  '17 * * * *': everyHour,
}

function everyHour(env: Env, waitUntil: WaitUntil): Promise<void> {
  return settled([purgeExpired(env), purgeJobs(services(env, waitUntil))])
}

/** None of these waits for another, and each fails by itself. */
function everyMinute(env: Env, waitUntil: WaitUntil): Promise<void> {
  return settled([
    sweepLogs(env),
    sweepJobs(services(env, waitUntil)),
    workOnTypes(env, waitUntil),
    workOnErasures(env),
  ])
}

/** Sends pointers to logs that some consumer has not read to the end: messages may have been lost. */
async function sweepLogs(env: Env): Promise<void> {
  const deps = dispatchDeps(env)
  await settled(env.TENDRIL_SHARDS.map(({ id }) => sweep(deps, id)))
}

/** How long one run works on types: the next one begins a minute after it did. */
const TYPES_MS = 40_000

/** Goes on with checks of records against new schemas, and with building and dropping indexes. */
async function workOnTypes(env: Env, waitUntil: WaitUntil): Promise<void> {
  const own = services(env, waitUntil)
  const untilMs = own.now() + TYPES_MS
  await settled(
    own.shardIds.map((shardId) => runWaitingTypeTasks({ services: own, shardId, untilMs })),
  )
}

/** How long one run works on erasures. */
const ERASURES_MS = 20_000

/** Finishes erasures whose request broke off, and was not repeated. */
async function workOnErasures(env: Env): Promise<void> {
  const untilMs = Date.now() + ERASURES_MS
  const isOver = () => Date.now() >= untilMs
  await settled(
    env.TENDRIL_SHARDS.map(({ id }) => finishErasures(openShard(env, id), id, { isOver })),
  )
}

/** How long one run warms the cache. */
const WARM_MS = 60_000

/** Brings what is read most into the tiers again, where it was changed or a deploy has another format. */
async function warm(env: Env, waitUntil: WaitUntil): Promise<void> {
  const own = services(env, waitUntil)
  await warmCache(own, own.now() + WARM_MS)
  await ageHotValues(own)
}

/**
 * Makes the partitions of coming months, forgets answers to requests that are older than a day, and
 * removes rows of deleted graphs and tenants whose registration came to nothing.
 */
async function purgeExpired(env: Env): Promise<void> {
  await settled([
    purge(openCatalog(env), 'catalog'),
    ...env.TENDRIL_SHARDS.map(({ id }) => purge(openShard(env, id), 'shard')),
    ...env.TENDRIL_SHARDS.map(({ id }) => retain(env, id)),
  ])
}

/** Drops months of the log that are older than it is kept for, as far as every consumer has read. */
async function retain(env: Env, shardId: string): Promise<void> {
  const keepDays = env.TENDRIL_LOG_RETENTION_DAYS
  if (keepDays > 0)
    await dropOldEvents(openShard(env, shardId), { keepDays, consumers: CONSUMER_NAMES })
}

/** One database that is down must not keep the others from being served. */
async function settled(all: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(all)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}
