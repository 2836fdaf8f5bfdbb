import { index, pgTable, primaryKey } from 'drizzle-orm/pg-core'
import { commitColumns, eventColumns, ownedByGraph, position } from '../columns.ts'

/** The log of every graph of this shard, partitioned by month of `at`. */
export const events = pgTable(
  'events',
  {
    ...ownedByGraph,
    ...eventColumns,
    /**
     * Version of the form that `before` and `after` have; `null`: the first, which costs no byte. See
     * core/log/event-catalogue.ts.
     */
    schemaVersion: position('schema_version'),
  },
  (table) => [
    // A unique key of a partitioned table has to contain the partition column.
    primaryKey({ columns: [table.tenantId, table.graphId, table.seq, table.at] }),
    index('events_subject').on(table.tenantId, table.graphId, table.subjectId, table.seq),
  ],
)

export const commits = pgTable('commits', { ...ownedByGraph, ...commitColumns }, (table) => [
  primaryKey({ columns: [table.tenantId, table.graphId, table.commitId] }),
  index('commits_at').on(table.at),
])
