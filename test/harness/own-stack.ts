import { inject } from 'vitest'
import type { RedisDatabases } from './redis-databases.ts'

/** A running worker and what it runs on. */
export type RunningStack = {
  /** http://HOST:PORT of the worker, without a slash at the end. */
  readonly baseUrl: string
  /**
   * Takes POSTs of JSON: `/faults` ChaosSettings, `/evict` every idle Durable Object from memory
   * (answers with how many there were), `/crash` all of them, whatever they do, `/cron`
   * `{"cron": expression}`, `/sql-requests` nothing (answers with how many were made so far),
   * `/redis-faults` what redisChaosSettings names, `/redis-flush` nothing.
   */
  readonly controlUrl: string
  readonly redisDatabases: RedisDatabases
  /** Beginning of the names of its databases. */
  readonly databasePrefix: string
}

/** Of the run's stacks the one that is this test file's alone while it runs: it may break it. */
export function ownStack(): RunningStack {
  const stacks = inject('stacks')
  const stack = stacks[Number(process.env.VITEST_POOL_ID) - 1]
  if (!stack)
    throw new Error(`of ${stacks.length} stacks none is for ${process.env.VITEST_POOL_ID}`)
  return stack
}
