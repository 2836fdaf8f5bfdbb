import type { SQL } from 'drizzle-orm'
import { AppError } from '../../../core/errors.ts'
import type { Answered } from '../../../core/graph/engine.ts'
import type { GraphContext } from '../../context.ts'
import type { Attempt, GraphQuery } from './run-query.ts'

/** Runs a query in PostgreSQL. */
export async function inSql<T extends Answered>(
  _context: GraphContext,
  _query: GraphQuery<T>,
  _statements: readonly SQL[],
): Promise<Attempt<T>> {
  throw new AppError('unavailable', 'the topology of the graph is being built', {
    retryAfterSeconds: 1,
  })
}
