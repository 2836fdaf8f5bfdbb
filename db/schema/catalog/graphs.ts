import { sql } from 'drizzle-orm'
import { pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { at, position } from '../columns.ts'

/** The graphs of every tenant and where each of them lives. */
export const graphs = pgTable(
  'graphs',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    name: text('name').notNull(),
    shardId: text('shard_id').notNull(),
    /** Grows at each move; part of the name of the graph's log object. */
    epoch: position('epoch').notNull().default(1),
    createdAt: at('created_at').notNull(),
    deletedAt: at('deleted_at'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('graphs_name').on(table.tenantId, table.name).where(sql`deleted_at is null`),
  ],
)
