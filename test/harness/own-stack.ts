import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { inject } from 'vitest'
import type { RedisDatabases } from './redis-databases.ts'

const POLL_MS = 50

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

let own: RunningStack | undefined

/** Of the run's stacks the one that is this test file's alone while it runs: it may break it. */
export function ownStack(): RunningStack {
  if (!own) throw new Error('this file has no stack: only those over HTTP have one')
  return own
}

/**
 * Waits until one of the run's stacks is free, and takes it until what is returned is called, or the
 * process ends: what is taken is locked in PostgreSQL.
 */
export async function takeStack(): Promise<() => Promise<void>> {
  const locks = new pg.Client(inject('pgUrl'))
  await locks.connect()
  for (;;) {
    for (const stack of inject('stacks')) {
      const { rows } = await locks.query<{ taken: boolean }>(
        'select pg_try_advisory_lock(hashtext($1)) as taken',
        [stack.databasePrefix],
      )
      if (rows[0]?.taken !== true) continue
      own = stack
      return () => locks.end()
    }
    await delay(POLL_MS)
  }
}
