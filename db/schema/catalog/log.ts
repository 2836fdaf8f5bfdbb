import { index, pgTable, primaryKey, uuid } from 'drizzle-orm/pg-core'
import { commitColumns, eventColumns } from '../columns.ts'

/** Every tenant's own log: registration, keys, graphs, invitations. Partitioned by month of `at`. */
export const events = pgTable(
  'events',
  { tenantId: uuid('tenant_id').notNull(), ...eventColumns },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.seq, table.at] }),
    index('events_subject').on(table.tenantId, table.subjectId, table.seq),
  ],
)

export const commits = pgTable(
  'commits',
  { tenantId: uuid('tenant_id').notNull(), ...commitColumns },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.commitId] }),
    index('commits_at').on(table.at),
  ],
)
