import { jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { ownedByGraph, position, timestamps } from '../columns.ts'

/** Entity and relationship types of a graph: together its schema. */
export const types = pgTable(
  'types',
  {
    ...ownedByGraph,
    /** `entity` or `relationship`. */
    kind: text('kind').notNull(),
    name: text('name').notNull(),
    jsonSchema: jsonb('json_schema').notNull(),
    version: position('version').notNull(),
    ...timestamps,
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.graphId, table.kind, table.name] })],
)
