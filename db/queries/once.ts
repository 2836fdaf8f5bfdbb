import { type SQL, sql } from 'drizzle-orm'
import { AppError } from '../../core/errors.ts'
import type { Json } from '../../core/json.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import { type Database, DatabaseError } from '../client.ts'
import { inGraph, runRead } from './snapshot.ts'

/** Names a request for good (C3). */
export type RequestIdentity = { readonly commitId: string; readonly fingerprint: string }

/** Whether `answer` is the first answer to a request that was made before. */
export type Once<Answer> = { readonly answer: Answer; readonly replayed: boolean }

/** SQLSTATE raised by statements of a request that name a row which is not there. */
export const NO_SUCH_ROW = 'TDN01'

const UNIQUE_VIOLATION = '23505'

/**
 * Runs statements on a graph's shard once, however often the request is made: its answer is kept for a day
 * with them, in one transaction. Rejects with `idempotency_mismatch` where the identity
 * was used for another request, `outcome_unknown` where nobody knows, and a certain `DatabaseError` that a
 * statement raised.
 */
export async function runOnce<Answer extends Json>(
  shard: Database,
  graph: GraphAddress,
  { commitId, fingerprint }: RequestIdentity,
  answer: Answer,
  statements: readonly SQL[],
): Promise<Once<Answer>> {
  const remember = sql`insert into commits (tenant_id, graph_id, commit_id, fingerprint, answer, at)
    values (${graph.tenantId}::uuid, ${graph.graphId}::uuid, ${commitId}, ${fingerprint},
      ${JSON.stringify(answer)}::jsonb, now())`
  try {
    await shard.batch(graph.tenantId, [remember, ...statements])
    return { answer, replayed: false }
  } catch (error) {
    // A rival was first, or this was, and its answer got lost on the way here.
    if (!(error instanceof DatabaseError)) throw error
    if (error.certain && error.sqlState !== UNIQUE_VIOLATION) throw error
    const stored = await findOnce<Answer>(shard, graph, { commitId, fingerprint })
    if (stored) return { ...stored, replayed: error.certain }
    throw new AppError(
      'outcome_unknown',
      'the database did not answer; repeat the request with the same Idempotency-Key',
      { retryAfterSeconds: 1, cause: error },
    )
  }
}

/** The answer given before; `null`: the request is new. */
export async function findOnce<Answer extends Json>(
  shard: Database,
  graph: GraphAddress,
  { commitId, fingerprint }: RequestIdentity,
): Promise<Once<Answer> | null> {
  const [rows] = await runRead(() =>
    shard.batch(graph.tenantId, [
      sql`select fingerprint, answer from commits c
        where ${inGraph(graph, 'c')} and c.commit_id = ${commitId}`,
    ]),
  )
  const row = rows?.[0]
  if (!row) return null
  if (row.fingerprint !== fingerprint) {
    throw new AppError('idempotency_mismatch', 'this Idempotency-Key was used for another request')
  }
  return { answer: row.answer as Answer, replayed: true }
}
