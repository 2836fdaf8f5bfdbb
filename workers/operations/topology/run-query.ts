import { type SQL, sql } from 'drizzle-orm'
import { invalid } from '../../../core/errors.ts'
import type { Answered, GraphEngine } from '../../../core/graph/engine.ts'
import { memoryEngine } from '../../../core/graph/memory-engine.ts'
import type { ListQuery } from '../../../core/log/list-query.ts'

import { type IndexPlan, NO_INDEXES } from '../../../core/types/index-plan.ts'
import type { Row } from '../../../db/client.ts'
import { listStatements } from '../../../db/queries/list.ts'
import type { GraphContext } from '../../context.ts'
import { readByPlan } from '../read-by-plan.ts'

import { PLAN_CAPS } from './caps.ts'
import { inSql } from './in-sql.ts'
import { type TopologyAt, withTopology } from './with-topology.ts'

export type GraphQuery<T extends Answered> = {
  /** Which entities a search may enter; `null`: all. */
  readonly where: ListQuery | null
  /** Keys of the property that edges are weighed by; `null`: none. */
  readonly weightKeys: readonly string[] | null
  /** The seq that names of the request were looked up at. */
  readonly atLeast: number
  /** In memory it runs to its end before it gives way. */
  readonly run: (engine: GraphEngine, candidates: readonly string[] | undefined) => Promise<T>
}

/** What an engine answered, current at one seq. */
export type Ran<T> = { readonly answer: T; readonly at: TopologyAt }

/**
 * Runs a query on the graph's topology in this isolate, if there is one, and else in PostgreSQL, at the
 * consistency that the request asks for.
 */
export async function runQuery<T extends Answered>(
  context: GraphContext,
  query: GraphQuery<T>,
): Promise<Ran<T>> {
  const { where } = query
  const attempt = async (plan: IndexPlan) => {
    const statements = where === null ? [] : candidateStatements(context, where, plan)
    return (await inMemory(context, query, statements)) ?? inSql(context, query, statements)
  }
  if (where === null) return attempt(NO_INDEXES)
  const { value } = await readByPlan(context, 'entity', where, async (plan) => {
    const { schemaSeq, ...ran } = await attempt(plan)
    return { value: ran, seq: ran.at.seq, historyId: ran.at.historyId, schemaSeq }
  })
  return value
}

/** With the seq of the types that candidates were found by. */
export type Attempt<T> = Ran<T> & { readonly schemaSeq: number }

async function inMemory<T extends Answered>(
  context: GraphContext,
  { weightKeys, atLeast, run }: GraphQuery<T>,
  statements: readonly SQL[],
): Promise<Attempt<T> | null> {
  const found = await withTopology(
    context,
    { weightKeys, atLeast, others: statements },
    ({ view, seq, others, schemaSeq }) => {
      const engine = memoryEngine(view, context.services.now)
      return { answer: run(engine, candidatesOf(others)), seq, schemaSeq }
    },
  )
  if (found === null) return null
  const { schemaSeq } = found.result
  const answer = await found.result.answer
  // Nothing has changed from the seq of the topology to that of the answer.
  const cost = { ...answer.cost, seq: found.at.seq }
  return { answer: { ...answer, cost }, at: found.at, schemaSeq }
}

/** The entities that pass, by id, as lists find them. */
function candidateStatements({ graph }: GraphContext, where: ListQuery, plan: IndexPlan): SQL[] {
  const query = { ...where, limit: PLAN_CAPS.maxCandidates }
  return listStatements(graph, 'entities', sql`id`, query, plan)
}

function candidatesOf(results: readonly (readonly Row[])[]): readonly string[] | undefined {
  const rows = results.at(-1)
  if (rows === undefined) return undefined
  if (rows.length > PLAN_CAPS.maxCandidates) {
    const message = `lets more than ${PLAN_CAPS.maxCandidates} entities pass: use entity_types, or more conditions`
    throw invalid([{ pointer: '/where', message }])
  }
  return rows.map(({ id }) => String(id))
}
