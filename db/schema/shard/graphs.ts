import { bigint, pgTable, primaryKey, uuid } from 'drizzle-orm/pg-core'
import { at, logHead, position } from '../columns.ts'

/** One row per graph on this shard: the head of its log and the fence of its writes. */
export const graphs = pgTable(
  'graphs',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    ...logHead,
    /** Seq of the last change of the graph's types; commands validated before it are refused (C5). */
    schemaSeq: bigint('schema_seq', { mode: 'number' }).notNull().default(0),
    /** Events at or below this seq are no longer kept. */
    floorSeq: position('floor_seq').notNull().default(0),
    createdAt: at('created_at').notNull().defaultNow(),
    deletedAt: at('deleted_at'),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.id] })],
)
