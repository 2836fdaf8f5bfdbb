import { sql } from 'drizzle-orm'
import type { Database } from '../client.ts'

/** How long a request's first answer is kept: an `Idempotency-Key` is good for this long. */
export const KEEP_ANSWERS_HOURS = 24

/** Rows one statement removes, so that none takes long or locks much. */
const STEP_ROWS = 5_000
/** Steps of one run, ten million rows: what is left waits for the next. */
const MAX_STEPS = 2_000

/** Months of event partitions kept ready. */
const PARTITIONS_AHEAD = 24

/** Removes what has had its day, in small steps, and makes room for what comes. */
export async function purge(database: Database, kind: 'catalog' | 'shard'): Promise<void> {
  await database.batchWith({}, [
    sql`select tendril_add_event_partitions(now(), ${PARTITIONS_AHEAD}::int)`,
  ])
  await repeat(
    database,
    sql`select tendril_purge_commits(
    make_interval(hours => ${KEEP_ANSWERS_HOURS}::int), ${STEP_ROWS}::int) as removed`,
  )
  if (kind === 'catalog') {
    await repeat(
      database,
      sql`select tendril_purge_pending_tenants(
      make_interval(hours => ${KEEP_ANSWERS_HOURS}::int), ${STEP_ROWS}::int) as removed`,
    )
  }
  if (kind === 'shard') {
    await repeat(database, sql`select tendril_purge_deleted_graphs(${STEP_ROWS}::int) as removed`)
  }
}

async function repeat(database: Database, statement: ReturnType<typeof sql>): Promise<void> {
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const [rows] = await database.batchWith({}, [statement])
    if (Number(rows?.[0]?.removed ?? 0) === 0) return
  }
}

export type Retention = {
  /** Whole months of the log that ended longer ago are dropped; a month or more. */
  readonly keepDays: number
  /** Nothing is dropped that one of these has not read. */
  readonly consumers: readonly string[]
}

/** Drops old months of a shard's log; returns how many. What is asked for below is `gone` then. */
export async function dropOldEvents(
  shard: Database,
  { keepDays, consumers }: Retention,
): Promise<number> {
  const [rows] = await shard.batchWith({}, [
    sql`select tendril_drop_event_partitions(make_interval(days => ${keepDays}::int),
      array(select jsonb_array_elements_text(${JSON.stringify(consumers)}::jsonb))) as dropped`,
  ])
  return Number(rows?.[0]?.dropped ?? 0)
}
