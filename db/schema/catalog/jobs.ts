import { sql } from 'drizzle-orm'
import { index, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { at, position } from '../columns.ts'

/** Work that takes longer than a request: imports, exports and the like. See docs/jobs.md. */
export const jobs = pgTable(
  'jobs',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    kind: text('kind').notNull(),
    /** The graph it works on, and its name when the job was made; null: none. */
    graphId: uuid('graph_id'),
    graphName: text('graph_name'),
    params: jsonb('params').notNull(),
    /** `uploading`, `queued`, `running`, `succeeded`, `failed` or `cancelled`. */
    state: text('state').notNull().default('queued'),
    /** `high`, `normal` or `low`. */
    priority: text('priority').notNull(),
    /** `{done, total, unit}`; total is null while nobody knows it. */
    progress: jsonb('progress').notNull(),
    /** Where the next chunk begins; null before the first. Only the job's kind can read it. */
    cursor: jsonb('cursor'),
    /** Runs since the last chunk that was done. */
    attempt: position('attempt').notNull().default(0),
    /** The run that works on it, and until when nobody else may; both null between runs. */
    leaseOwner: uuid('lease_owner'),
    leaseUntil: at('lease_until'),
    /** Not to be run before: a job that failed waits a while. */
    runAt: at('run_at').notNull(),
    /** When its last message was sent. */
    enqueuedAt: at('enqueued_at').notNull(),
    result: jsonb('result'),
    /** Why it failed, or why its last run did. */
    error: jsonb('error'),
    /** `key:<id>` or `user:<id>`: in whose name it works. */
    actor: text('actor').notNull(),
    /** The request that made it and its fingerprint, where it can be repeated (C3). */
    requestKey: text('request_key'),
    fingerprint: text('fingerprint').notNull().default(''),
    createdAt: at('created_at').notNull(),
    startedAt: at('started_at'),
    updatedAt: at('updated_at').notNull(),
    finishedAt: at('finished_at'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('jobs_id').on(table.id),
    uniqueIndex('jobs_request').on(table.tenantId, table.requestKey),
    // The few that have not ended, of all that are kept.
    index('jobs_active').on(table.tenantId, table.id).where(sql`finished_at is null`),
    index('jobs_finished').on(table.finishedAt),
  ],
)
