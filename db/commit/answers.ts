import { z } from 'zod'
import type { EventHeader, GraphEventKind, TenantEventKind } from '../../core/log/events.ts'
import type { CommitAnswer, OpResult, RefusalCode } from '../../core/log/requests.ts'
import type { Row } from '../client.ts'
import type { CommittedGroup, OpenedLog, StoredAnswer } from '../log-store.ts'
import { rfc3339 } from '../postgres-text.ts'

const done = z.object({
  op: z.number(),
  outcome: z.enum(['created', 'updated', 'unchanged', 'deleted']),
  id: z.string(),
  version: z.number(),
  createdAt: z.string().transform(rfc3339),
  updatedAt: z.string().transform(rfc3339),
})
const refused = z.object({
  op: z.number(),
  refused: z.custom<RefusalCode>((value) => typeof value === 'string'),
  version: z.number().optional(),
})
const result = z.union([done, refused]).transform((value): OpResult => value as OpResult)

const committed = z.object({
  status: z.literal('committed'),
  seq: z.number(),
  historyId: z.string(),
  replayed: z.boolean(),
  results: z.array(result),
})

const answer = z.discriminatedUnion('status', [
  committed,
  z.object({
    status: z.literal('refused'),
    seq: z.number(),
    refusals: z.array(refused),
  }),
  z.object({ status: z.literal('schema_moved'), schemaSeq: z.number() }),
  z.object({ status: z.literal('fingerprint_mismatch') }),
])

const header = z
  .tuple([
    z.number(),
    z.custom<GraphEventKind | TenantEventKind>((value) => typeof value === 'string'),
    z.string().nullable(),
    z.string().nullable(),
    z.string().nullable(),
    z.string().nullable(),
    z.string().nullable(),
  ])
  .transform(
    ([seq, kind, subjectId, type, fromId, toId, externalId]): EventHeader => ({
      seq,
      kind,
      subjectId,
      type,
      fromId,
      toId,
      externalId,
    }),
  )

const committedRow = z.object({
  seq: z.number(),
  answers: z.array(answer),
  events: z.array(header),
})

/** The one row of a commit statement, the last of its batch. */
export function parseCommitted(results: readonly Row[][]): CommittedGroup {
  const { seq, answers, events } = committedRow.parse(results.at(-1)?.[0])
  return { seq, answers: answers as CommitAnswer[], events }
}

const headRow = z.object({
  seq: z.number(),
  epoch: z.number(),
  term: z.number(),
  history_id: z.string(),
})
const knownRow = z.object({ fingerprint: z.string(), answer: committed })
const eventRow = z.object({
  seq: z.number(),
  kind: z.custom<GraphEventKind | TenantEventKind>((value) => typeof value === 'string'),
  subject_id: z.string().nullable(),
  type: z.string().nullable(),
  from_id: z.string().nullable(),
  to_id: z.string().nullable(),
  external_id: z.string().nullable(),
})

/** The three results of opening a log: its head, answers already given, the newest events. */
export function parseOpened([heads, known, recent]: readonly Row[][]): OpenedLog | null {
  if (heads?.[0] === undefined) return null
  const { history_id, ...fence } = headRow.parse(heads[0])
  return {
    fence,
    historyId: history_id,
    known: new Map(
      (known ?? []).map((row): [string, StoredAnswer] => {
        return [String(row.commit_id), parseStoredAnswer(row)]
      }),
    ),
    recent: (recent ?? []).map(parseHeader).reverse(),
  }
}

function parseHeader(row: Row): EventHeader {
  const event = eventRow.parse(row)
  return {
    seq: event.seq,
    kind: event.kind,
    subjectId: event.subject_id,
    type: event.type,
    fromId: event.from_id,
    toId: event.to_id,
    externalId: event.external_id,
  }
}

/** A row of `commits`. */
export function parseStoredAnswer(row: Row): StoredAnswer {
  const { fingerprint, answer } = knownRow.parse(row)
  return { fingerprint, answer: answer as StoredAnswer['answer'] }
}
