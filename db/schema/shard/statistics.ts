import { pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { at, ownedByGraph, position } from '../columns.ts'

/** How much of what a graph holds, by type. Kept by the consumer `statistics`. */
export const graphStatistics = pgTable(
  'graph_statistics',
  {
    ...ownedByGraph,
    /** That of the consumer's checkpoint, for the one that counts. */
    generation: position('generation').notNull(),
    /** `entity`, `relationship`, `type` (definitions) or `event` (the log itself). */
    kind: text('kind').notNull(),
    /** Empty for `event`. */
    type: text('type').notNull(),
    count: position('count').notNull(),
    /** UTF-8 bytes of names, external ids and properties as JSON; of the log, of its images. */
    bytes: position('bytes').notNull(),
  },
  (table) => [
    primaryKey({
      columns: [table.tenantId, table.graphId, table.generation, table.kind, table.type],
    }),
  ],
)

/** What happened in each hour. */
export const graphActivity = pgTable(
  'graph_activity',
  {
    ...ownedByGraph,
    generation: position('generation').notNull(),
    hour: at('hour').notNull(),
    /** As of the events: `entity.created` and so on. */
    kind: text('kind').notNull(),
    count: position('count').notNull(),
  },
  (table) => [
    primaryKey({
      columns: [table.tenantId, table.graphId, table.generation, table.hour, table.kind],
    }),
  ],
)
