import { sql } from 'drizzle-orm'
import { index, pgTable, primaryKey, uuid } from 'drizzle-orm/pg-core'
import { at, commitColumns, eventColumns, ownedByGraph, position } from '../columns.ts'

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
    // How an erasure finds what is deleted: by its external id, and relationships by their ends.
    index('events_deleted_external_id')
      .on(table.tenantId, table.graphId, table.externalId)
      .where(sql`kind = 'entity.deleted'::text`),
    index('events_deleted_from')
      .on(table.tenantId, table.graphId, table.fromId)
      .where(sql`kind = 'relationship.deleted'::text`),
    index('events_deleted_to')
      .on(table.tenantId, table.graphId, table.toId)
      .where(sql`kind = 'relationship.deleted'::text`),
  ],
)

export const commits = pgTable('commits', { ...ownedByGraph, ...commitColumns }, (table) => [
  primaryKey({ columns: [table.tenantId, table.graphId, table.commitId] }),
  index('commits_at').on(table.at),
])

/** Erasures whose commit could not blank all that the log says: whoever finds one goes on with it. */
export const unfinishedErasures = pgTable(
  'unfinished_erasures',
  {
    ...ownedByGraph,
    /** Of the first event that tells of it. */
    seq: position('seq').notNull(),
    entityIds: uuid('entity_ids').array().notNull(),
    updatedAt: at('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.graphId, table.seq] })],
)
