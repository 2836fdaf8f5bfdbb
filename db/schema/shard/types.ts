import { sql } from 'drizzle-orm'
import { bigint, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { at, ownedByGraph, position, timestamps } from '../columns.ts'

/** Entity and relationship types of a graph: together its schema. */
export const types = pgTable(
  'types',
  {
    ...ownedByGraph,
    /** `entity` or `relationship`. */
    kind: text('kind').notNull(),
    name: text('name').notNull(),
    jsonSchema: jsonb('json_schema').notNull(),
    /** A `TypeChange`: a schema that the records there are still being checked against, or failed. */
    change: jsonb('change'),
    /** The `DeclaredIndex`es. */
    indexes: jsonb('indexes').notNull().default(sql`'[]'::jsonb`),
    version: position('version').notNull(),
    ...timestamps,
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.graphId, table.kind, table.name] })],
)

/**
 * What is left to do in the background for a type: a row per task, begun and ended by the commit
 * that says so in the log. Only its progress is written beside the log.
 */
export const typeTasks = pgTable(
  'type_tasks',
  {
    ...ownedByGraph,
    kind: text('kind').notNull(),
    name: text('name').notNull(),
    /** A `TypeTask` as text: `check`, `build:<index id>` or `drop:<index id>`. */
    task: text('task').notNull(),
    /** Records whose version is above it were written with the task's outcome in force. */
    sinceSeq: position('since_seq').notNull(),
    /** Id of the last record done; null before the first. */
    cursor: uuid('cursor'),
    /** Records done so far. */
    done: bigint('done', { mode: 'number' }).notNull().default(0),
    updatedAt: at('updated_at').notNull(),
  },
  (table) => [
    primaryKey({
      columns: [table.tenantId, table.graphId, table.kind, table.name, table.task],
    }),
  ],
)
