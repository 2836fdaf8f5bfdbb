import { customType, index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { ownedByGraph } from '../columns.ts'

const bytea = customType<{ data: Uint8Array }>({ dataType: () => 'bytea' })
const tsvector = customType<{ data: string }>({ dataType: () => 'tsvector' })
const cube = customType<{ data: string }>({ dataType: () => 'cube' })

/** A record as an index that its type declares sees it; the index is named in `types.indexes`. */
const entryOf = {
  ...ownedByGraph,
  indexId: uuid('index_id').notNull(),
  recordId: uuid('record_id').notNull(),
}

/** Composite indexes: every record of the type has one entry in each. */
export const indexEntries = pgTable(
  'index_entries',
  {
    ...entryOf,
    /** The fields one after the other, each by `tendril_sort_key`: bytes that sort as the values do. */
    key: bytea('key').notNull(),
  },
  (table) => [
    primaryKey({
      columns: [table.tenantId, table.graphId, table.indexId, table.key, table.recordId],
    }),
  ],
)

/** Text indexes: records whose fields hold a string. */
export const textEntries = pgTable(
  'text_entries',
  { ...entryOf, body: text('body').notNull() },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.graphId, table.indexId, table.recordId] }),
    index('text_entries_body').using('gin', table.indexId, table.body.op('gin_trgm_ops')),
  ],
)

/** Full-text indexes: records whose fields hold a word. */
export const fulltextEntries = pgTable(
  'fulltext_entries',
  { ...entryOf, document: tsvector('document').notNull() },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.graphId, table.indexId, table.recordId] }),
    index('fulltext_entries_document').using('gin', table.indexId, table.document),
  ],
)

/** Geo indexes: entities that have a location, as the point on the unit sphere where it is. */
export const geoEntries = pgTable(
  'geo_entries',
  { ...entryOf, place: cube('place').notNull() },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.graphId, table.indexId, table.recordId] }),
    index('geo_entries_place').using('gist', table.indexId, table.place),
  ],
)
