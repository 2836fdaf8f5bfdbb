import { sql } from 'drizzle-orm'
import { index, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { ownedByGraph, position, timestamps } from '../columns.ts'

/**
 * No foreign keys to entities: every write of a graph passes its fence one after the other, and
 * the commit checks both ends itself, so a key would only lock the rows of well-connected nodes.
 */
export const relationships = pgTable(
  'relationships',
  {
    ...ownedByGraph,
    id: uuid('id').notNull(),
    type: text('type').notNull(),
    fromId: uuid('from_id').notNull(),
    toId: uuid('to_id').notNull(),
    externalId: text('external_id'),
    properties: jsonb('properties').notNull(),
    version: position('version').notNull(),
    /** Seq of the event that created it: a compact name, unique in its graph. */
    createdSeq: position('created_seq').notNull(),
    ...timestamps,
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.graphId, table.id] }),
    uniqueIndex('relationships_created_seq').on(table.tenantId, table.graphId, table.createdSeq),
    uniqueIndex('relationships_external_id')
      .on(table.tenantId, table.graphId, table.externalId)
      .where(sql`external_id is not null`),
    index('relationships_type_created').on(
      table.tenantId,
      table.graphId,
      table.type,
      table.createdAt,
      table.id,
    ),
    // The adjacency indexes also INCLUDE the other end; drizzle cannot say so, the migration does.
    index('relationships_out').on(
      table.tenantId,
      table.graphId,
      table.fromId,
      table.type,
      table.createdSeq,
    ),
    index('relationships_in').on(
      table.tenantId,
      table.graphId,
      table.toId,
      table.type,
      table.createdSeq,
    ),
  ],
)
