import { z } from 'zod'
import type { EventHeader, GraphEventKind, TenantEventKind } from '../../core/log/events.ts'
import type { CommitAnswer, OpDone, OpResult, RefusalCode } from '../../core/log/requests.ts'
import type { Row } from '../client.ts'
import type { CommittedGroup, OpenedLog, StoredAnswer } from '../log-store.ts'
import { rfc3339 } from '../postgres-text.ts'

const refused = z.object({
  op: z.number(),
  refused: z.custom<RefusalCode>((value) => typeof value === 'string'),
  version: z.number().optional(),
})

const time = z.string().transform(rfc3339)
const done = z.object({
  op: z.number(),
  outcome: z.enum(['created', 'updated', 'unchanged', 'deleted']),
  id: z.string(),
  version: z.number(),
  createdAt: time,
  updatedAt: time,
})
const result = z.union([done, refused]).transform((value): OpResult => value as OpResult)

/**
 * A result as the commit statement writes it, short because a request has up to 1,000: a creation is
 * three values, since its times are the commit's own.
 */
type ShortResult = readonly [
  op: number,
  id: string,
  version: number,
  outcome?: OpDone['outcome'],
  createdAt?: string,
  updatedAt?: string,
]

const committed = z
  .object({
    status: z.literal('committed'),
    seq: z.number(),
    historyId: z.string(),
    replayed: z.boolean(),
    at: z.string().optional(),
    results: z.array(z.unknown()),
  })
  .transform(({ at = '', results, ...answer }) => {
    const times = new KnownTimes()
    return {
      ...answer,
      results: results.map((value) =>
        Array.isArray(value) ? longResult(value as never, at, times) : result.parse(value),
      ),
    }
  })

function longResult(
  [op, id, version, outcome = 'created', createdAt, updatedAt]: ShortResult,
  at: string,
  times: KnownTimes,
): OpDone {
  return {
    op,
    outcome,
    id,
    version,
    createdAt: times.rfc3339(createdAt ?? at),
    updatedAt: times.rfc3339(updatedAt ?? at),
  }
}

/** Most times of an answer are the same few: reading one takes longer than all else of its result. */
class KnownTimes {
  readonly #known = new Map<string, string>()

  rfc3339(text: string): string {
    const known = this.#known.get(text) ?? rfc3339(text)
    this.#known.set(text, known)
    return known
  }
}

const answer = z.union([
  committed,
  z.object({
    status: z.literal('refused'),
    seq: z.number(),
    refusals: z.array(refused),
  }),
  z.object({ status: z.literal('schema_moved'), schemaSeq: z.number() }),
  z.object({ status: z.literal('fingerprint_mismatch') }),
])

/** An event's header as the statements write it. */
type ShortHeader = readonly [
  seq: number,
  kind: EventHeader['kind'],
  subjectId: string | null,
  type: string | null,
  fromId: string | null,
  toId: string | null,
  externalId: string | null,
]

function header([seq, kind, subjectId, type, fromId, toId, externalId]: ShortHeader): EventHeader {
  return { seq, kind, subjectId, type, fromId, toId, externalId }
}

const committedRow = z.object({
  seq: z.number(),
  answers: z.array(answer),
  /** Not looked into: a group has thousands, and our own statement has just made them. */
  events: z.array(z.custom<ShortHeader>(Array.isArray)),
})

/** The one row of a commit statement, the last of its batch. */
export function parseCommitted(results: readonly Row[][]): CommittedGroup {
  const { seq, answers, events } = committedRow.parse(results.at(-1)?.[0])
  return { seq, answers: answers as CommitAnswer[], events: events.map(header) }
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
