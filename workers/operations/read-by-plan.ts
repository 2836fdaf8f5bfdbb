import { AppError, invalid } from '../../core/errors.ts'
import type { Kind } from '../../core/log/commands.ts'
import type { ListQuery } from '../../core/log/list-query.ts'
import { type GraphSchema, indexesOf } from '../../core/types/graph-schema.ts'
import {
  type IndexPlan,
  mayUseIndexes,
  NO_INDEXES,
  planIndexes,
} from '../../core/types/index-plan.ts'
import type { PlannedReadAt } from '../../db/queries/entities.ts'
import type { GraphContext } from '../context.ts'
import { forgetSchema, loadSchema } from './schema.ts'

/** How often a list is read anew because the types change all the time; then it is read without indexes. */
const MAX_ATTEMPTS = 3

/**
 * Reads a list by the indexes of its type. The isolate's memory of the types may be old: an answer
 * counts only if they were the same in the snapshot that it was read from, and nobody is told that an
 * index is missing before the types were looked up. Throws `invalid` then.
 */
export async function readByPlan<T>(
  context: GraphContext,
  kind: Kind,
  query: ListQuery,
  read: (plan: IndexPlan) => Promise<PlannedReadAt<T>>,
): Promise<PlannedReadAt<T>> {
  if (query.type === null || !mayUseIndexes(query)) return read(NO_INDEXES)
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const { schema, plan } = await makePlan(context, kind, query, query.type)
    const answer = await read(plan)
    if (answer.schemaSeq === schema.schemaSeq) return answer
    forgetSchema(context)
  }
  if (query.search === null && query.near === null) return read(NO_INDEXES)
  throw new AppError('unavailable', 'the types of the graph are changing', { retryAfterSeconds: 1 })
}

async function makePlan(
  context: GraphContext,
  kind: Kind,
  query: ListQuery,
  type: string,
): Promise<{ readonly schema: GraphSchema; readonly plan: IndexPlan }> {
  const known = await loadSchema(context)
  const made = planIndexes(query, indexesOf(known, kind, type))
  if (made.missing.length === 0) return { schema: known, plan: made.plan }
  forgetSchema(context)
  const schema = await loadSchema(context)
  const { plan, missing } = planIndexes(query, indexesOf(schema, kind, type))
  if (missing.length > 0) throw invalid(missing)
  return { schema, plan }
}
