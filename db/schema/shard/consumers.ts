import { index, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { at, ownedByGraph, position } from '../columns.ts'

/** How far each consumer of a graph's log has come, and in which history (K1, H1). */
export const checkpoints = pgTable(
  'checkpoints',
  {
    ...ownedByGraph,
    consumer: text('consumer').notNull(),
    historyId: uuid('history_id').notNull(),
    /** The last event whose effect is written. */
    seq: position('seq').notNull(),
    updatedAt: at('updated_at').notNull(),
    /** Which of several versions of a projection is kept up to date, and read. */
    generation: position('generation').notNull().default(1),
    /** How often the event after `seq` has failed in a row. */
    attempts: position('attempts').notNull().default(0),
    /** No attempt before this time: the last one failed. */
    notBefore: at('not_before'),
    /** Why the last attempt failed. */
    reason: text('reason'),
    /** A `SeedPlace`: how much of the graph's records was taken before the first event; null: no more is. */
    seed: jsonb('seed'),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.graphId, table.consumer] })],
)

/** Events that a consumer could not take, set aside so that the log goes on. */
export const parkedEvents = pgTable(
  'parked_events',
  {
    ...ownedByGraph,
    consumer: text('consumer').notNull(),
    historyId: uuid('history_id').notNull(),
    seq: position('seq').notNull(),
    reason: text('reason').notNull(),
    attempts: position('attempts').notNull(),
    parkedAt: at('parked_at').notNull(),
  },
  (table) => [
    primaryKey({
      columns: [table.tenantId, table.graphId, table.consumer, table.historyId, table.seq],
    }),
  ],
)

/** Messages of queues that failed for good. */
export const deadLetters = pgTable(
  'dead_letters',
  {
    ...ownedByGraph,
    /** The message's own id: what arrives twice is kept once. */
    id: text('id').notNull(),
    queue: text('queue').notNull(),
    message: jsonb('message').notNull(),
    reason: text('reason').notNull(),
    attempts: position('attempts').notNull(),
    at: at('at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.graphId, table.id] }),
    index('dead_letters_at').on(table.tenantId, table.at),
  ],
)

/** Runs of a consumer over a part of a log that it has read before. */
export const replays = pgTable(
  'replays',
  {
    ...ownedByGraph,
    id: uuid('id').notNull(),
    consumer: text('consumer').notNull(),
    historyId: uuid('history_id').notNull(),
    /** `running`, `done`, `cancelled` or `failed`. */
    state: text('state').notNull(),
    /** The first event to be read. */
    fromSeq: position('from_seq').notNull(),
    /** The last one; `null`: until the live checkpoint is reached. */
    toSeq: position('to_seq'),
    /** The last event read. */
    seq: position('seq').notNull(),
    /** The version of the projection that is being built; `null`: no projection is. */
    generation: position('generation'),
    /** Events per second; `null`: as fast as it goes. */
    eventsPerSecond: position('events_per_second'),
    attempts: position('attempts').notNull().default(0),
    notBefore: at('not_before'),
    reason: text('reason'),
    createdAt: at('created_at').notNull(),
    updatedAt: at('updated_at').notNull(),
    /** As of checkpoints. */
    seed: jsonb('seed'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.graphId, table.id] }),
    index('replays_created').on(table.tenantId, table.createdAt),
  ],
)
