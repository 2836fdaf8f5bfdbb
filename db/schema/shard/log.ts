import { index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { at, commitColumns, eventColumns, ownedByGraph, position } from '../columns.ts'

/** The log of every graph of this shard, partitioned by month of `at`. */
export const events = pgTable('events', { ...ownedByGraph, ...eventColumns }, (table) => [
  // A unique key of a partitioned table has to contain the partition column.
  primaryKey({ columns: [table.tenantId, table.graphId, table.seq, table.at] }),
  index('events_subject').on(table.tenantId, table.graphId, table.subjectId, table.seq),
])

export const commits = pgTable('commits', { ...ownedByGraph, ...commitColumns }, (table) => [
  primaryKey({ columns: [table.tenantId, table.graphId, table.commitId] }),
  index('commits_at').on(table.at),
])

/** How far each consumer of a graph's log has come, and in which history (K1, H1). */
export const checkpoints = pgTable(
  'checkpoints',
  {
    ...ownedByGraph,
    consumer: text('consumer').notNull(),
    historyId: uuid('history_id').notNull(),
    seq: position('seq').notNull(),
    updatedAt: at('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.graphId, table.consumer] })],
)
