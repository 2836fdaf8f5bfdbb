import { bigint, jsonb, text, timestamp, uuid } from 'drizzle-orm/pg-core'

/** Time to the millisecond: what a JavaScript client can give back unchanged. */
export const at = (name: string) =>
  timestamp(name, { withTimezone: true, precision: 3, mode: 'string' })

export const position = (name: string) => bigint(name, { mode: 'number' })

/** Tenant and graph lead every key and index of a shard. */
export const ownedByGraph = {
  tenantId: uuid('tenant_id').notNull(),
  graphId: uuid('graph_id').notNull(),
}

export const timestamps = {
  createdAt: at('created_at').notNull(),
  updatedAt: at('updated_at').notNull(),
}

/** The head of a log and its fence (C1); `history_id` is minted anew at a restore (H1). */
export const logHead = {
  historyId: uuid('history_id').notNull(),
  seq: position('seq').notNull().default(0),
  epoch: position('epoch').notNull().default(1),
  term: position('term').notNull().default(0),
}

/** An event of a graph's or a tenant's log. `before` and `after` are images of the record. */
export const eventColumns = {
  seq: position('seq').notNull(),
  at: at('at').notNull(),
  kind: text('kind').notNull(),
  subjectId: uuid('subject_id'),
  type: text('type'),
  externalId: text('external_id'),
  fromId: uuid('from_id'),
  toId: uuid('to_id'),
  actor: text('actor').notNull(),
  requestId: text('request_id').notNull(),
  commitId: text('commit_id').notNull(),
  before: jsonb('before'),
  after: jsonb('after'),
}

/** The first answer to a request, kept so that a repeat gets it again (C3). */
export const commitColumns = {
  commitId: text('commit_id').notNull(),
  fingerprint: text('fingerprint').notNull(),
  answer: jsonb('answer').notNull(),
  at: at('at').notNull(),
}
