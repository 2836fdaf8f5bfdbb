import { type SQL, sql } from 'drizzle-orm'
import { AppError, notFound } from '../../core/errors.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import { type Database, DatabaseError, type Row, unavailable } from '../client.ts'

/** What one snapshot of a graph said, and at which seq it was taken (R3). */
export type Snapshot = {
  readonly seq: number
  readonly historyId: string
  readonly schemaSeq: number
  /** Events at or below this seq are no longer kept. */
  readonly floorSeq: number
  /** One result per statement. */
  readonly results: readonly (readonly Row[])[]
}

/**
 * Runs reads of one graph and the read of its seq in one snapshot. A graph that is not on the shard
 * is `not_found`; a shard that does not answer is `unavailable`.
 */
export async function readGraph(
  shard: Database,
  graph: GraphAddress,
  statements: readonly SQL[],
): Promise<Snapshot> {
  const head = sql`select seq, history_id, schema_seq, floor_seq from graphs
    where tenant_id = ${graph.tenantId}::uuid and id = ${graph.graphId}::uuid
      and epoch = ${graph.epoch}::bigint and deleted_at is null`
  const [heads, ...results] = await runRead(() =>
    shard.batch(graph.tenantId, [head, ...statements], { mode: 'snapshot' }),
  )
  const row = heads?.[0]
  if (!row) throw notFound('this graph')
  return {
    seq: row.seq as number,
    historyId: row.history_id as string,
    schemaSeq: row.schema_seq as number,
    floorSeq: row.floor_seq as number,
    results,
  }
}

/**
 * A read that the database did not carry out is `unavailable`, unless the statement was at fault or the
 * answer is too large.
 */
export async function runRead<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof DatabaseError) || isOurFault(error)) throw error
    if (!error.tooLarge) throw unavailable(error)
    throw new AppError(
      'payload_too_large',
      'the answer is too large: ask for fewer records at once',
    )
  }
}

/** Classes 22 and 42: data the statement cannot take, and statements that are wrong. */
function isOurFault(error: DatabaseError): boolean {
  return error.certain && /^(22|42)/.test(error.sqlState ?? '')
}

/**
 * The predicate that leads every statement on a shard. Its values stand in subqueries so that the
 * planner does not look them up in its statistics: a graph that is newer than those would count as
 * empty, and any index that starts with tenant and graph as good as the right one.
 */
export function inGraph(graph: Pick<GraphAddress, 'tenantId' | 'graphId'>, alias: string): SQL {
  const table = sql.raw(alias)
  return sql`${table}.tenant_id = (select ${graph.tenantId}::uuid)
    and ${table}.graph_id = (select ${graph.graphId}::uuid)`
}

/** A list of values as one parameter. */
export function inList(values: readonly string[], type: 'uuid' | 'text'): SQL {
  return sql`(select value::${sql.raw(type)} from jsonb_array_elements_text(${JSON.stringify(values)}::jsonb) as value)`
}
