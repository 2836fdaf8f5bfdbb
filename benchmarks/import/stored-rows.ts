import { nameKey } from '../../core/log/name-key.ts'
import type { Dataset, EntityRow, RelationshipRow } from './dataset.ts'

/** Rows of one commit: as many as the API's own commits hold at most. */
export const BATCH_ROWS = 1_000

/** A record as the tables hold it, with the seq and time of the event that made it. */
export type StoredRow = { readonly seq: number; readonly at: string } & (
  | { readonly kind: 'entity'; readonly row: EntityRow }
  | { readonly kind: 'relationship'; readonly row: RelationshipRow }
)

/** One commit: its rows, and the answer that is kept for a repeat. */
export type StoredCommit = {
  readonly commitId: string
  readonly at: string
  readonly rows: readonly StoredRow[]
  readonly answer: string
}

export const ACTOR = 'key:01900000-0000-7000-8000-000000000001'
export const REQUEST_ID = '01900000-0000-7000-8000-000000000002'
export const HISTORY_ID = '01900000-0000-7000-8000-000000000003'

const COMMIT_EVERY_MS = 50

/** The commits that leave the graph as the API's do, entities first; `startMs` is the first one's time. */
export function* storedCommits(
  { entities, relationships }: Dataset,
  startMs: number,
): Generator<StoredCommit> {
  let seq = 0
  let commit = 0
  for (const [kind, rows] of [
    ['entity', entities],
    ['relationship', relationships],
  ] as const) {
    for (let start = 0; start < rows.length; start += BATCH_ROWS) {
      const at = new Date(startMs + commit * COMMIT_EVERY_MS).toISOString()
      const stored = rows.slice(start, start + BATCH_ROWS).map((row) => {
        seq += 1
        return { seq, at, kind, row } as StoredRow
      })
      commit += 1
      const commitId = `01900000-0000-7000-8000-${String(commit).padStart(12, '0')}`
      yield { commitId, at, rows: stored, answer: answerOf(stored, at, seq) }
    }
  }
}

function answerOf(rows: readonly StoredRow[], at: string, seq: number): string {
  const results = rows.map((stored, op) => [op, stored.row.id, stored.seq])
  const answer = { status: 'committed', replayed: false, seq, historyId: HISTORY_ID, at, results }
  return JSON.stringify(answer)
}

/** What an event shows of the record after it. */
export function imageOf({ row, kind, seq, at }: StoredRow): string {
  return JSON.stringify({
    version: seq,
    external_id: row.externalId,
    name: kind === 'entity' ? row.name : null,
    location: kind === 'entity' ? row.location : null,
    properties: row.properties,
    created_at: at,
    updated_at: at,
  })
}

export function nameKeyOf(row: EntityRow): string {
  return nameKey(row.name)
}
