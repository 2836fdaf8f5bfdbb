import { sql } from 'drizzle-orm'
import {
  doublePrecision,
  index,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { ownedByGraph, position, timestamps } from '../columns.ts'

export const entities = pgTable(
  'entities',
  {
    ...ownedByGraph,
    id: uuid('id').notNull(),
    type: text('type').notNull(),
    externalId: text('external_id'),
    name: text('name'),
    /**
     * The name as search and sorting compare it, COLLATE "C"; made by `core/log/name-key.ts`, since
     * `lower()` depends on the server's locale and is not leakproof, so that row-level security
     * would keep an index on it from being used.
     */
    nameKey: text('name_key').notNull(),
    latitude: doublePrecision('latitude'),
    longitude: doublePrecision('longitude'),
    properties: jsonb('properties').notNull(),
    version: position('version').notNull(),
    ...timestamps,
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.graphId, table.id] }),
    uniqueIndex('entities_external_id')
      .on(table.tenantId, table.graphId, table.externalId)
      .where(sql`external_id is not null`),
    index('entities_created').on(table.tenantId, table.graphId, table.createdAt, table.id),
    index('entities_type_created').on(
      table.tenantId,
      table.graphId,
      table.type,
      table.createdAt,
      table.id,
    ),
    index('entities_name').on(table.tenantId, table.graphId, table.nameKey, table.id),
  ],
)
