import { type Answered, type GraphEngine, MAX_CANDIDATES } from '../../../core/graph/engine.ts'
import { MemoryEngine } from '../../../core/graph/memory-engine.ts'
import type { ListQuery } from '../../../core/log/list-query.ts'
import { logTags } from '../../../core/log/read-tags.ts'
import { type IndexPlan, NO_INDEXES } from '../../../core/types/index-plan.ts'
import type { Row } from '../../../db/client.ts'
import { candidateIds, tooMany } from '../../../db/graph/filters.ts'
import { sqlGraphEngine } from '../../../db/graph/sql-graph-engine.ts'
import type { Snapshot } from '../../../db/queries/snapshot.ts'
import type { GraphContext } from '../../context.ts'
import { readByPlan } from '../read-by-plan.ts'
import { readValue } from '../read-graph.ts'
import { type TopologyAt, withTopology } from './with-topology.ts'

export type GraphQuery<T extends Answered> = {
  /** Says all that the query asks for: who asks the same at the same time may share the answer. */
  readonly name: () => string
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
export function runQuery<T extends Answered>(
  context: GraphContext,
  query: GraphQuery<T>,
): Promise<Ran<T>> {
  const { where } = query
  return where === null
    ? attempt(context, query, NO_INDEXES)
    : runByPlan(context, { ...query, where })
}

/** The plan for its conditions may have to be made again. */
async function runByPlan<T extends Answered>(
  context: GraphContext,
  query: GraphQuery<T> & { readonly where: ListQuery },
): Promise<Ran<T>> {
  const { value } = await readByPlan(context, 'entity', query.where, async (plan) => {
    const { schemaSeq, ...ran } = await attempt(context, query, plan)
    return { value: ran, seq: ran.at.seq, historyId: ran.at.historyId, schemaSeq }
  })
  return value
}

/** With the seq of the types that the plan for the conditions rests on. */
type Attempt<T> = Ran<T> & { readonly schemaSeq: number }

async function attempt<T extends Answered>(
  context: GraphContext,
  query: GraphQuery<T>,
  plan: IndexPlan,
): Promise<Attempt<T>> {
  const { where, weightKeys, atLeast, run } = query
  const others = where === null ? NONE : [candidateIds(context.graph, where, plan)]
  const found = await withTopology(context, { weightKeys, atLeast, others }, (current) => {
    const engine = new MemoryEngine(current.view, context.services.now)
    const answer = run(engine, candidatesOf(current.others))
    return { answer, schemaSeq: current.schemaSeq }
  })
  if (found === null) return inSql(context, query, plan)
  const { at, result } = found
  const answer = await result.answer
  return { answer: atSeq(answer, at.seq), at, schemaSeq: result.schemaSeq }
}

const NONE: readonly never[] = []

/** Nothing has changed from the seq of the topology to that of the answer. */
function atSeq<T extends Answered>(answer: T, seq: number): T {
  return answer.cost.seq === seq ? answer : { ...answer, cost: { ...answer.cost, seq } }
}

function candidatesOf([rows]: readonly (readonly Row[])[]): readonly string[] | undefined {
  if (rows === undefined) return undefined
  if (rows.length > MAX_CANDIDATES) throw tooMany()
  return rows.map(({ id }) => String(id))
}

async function inSql<T extends Answered>(
  context: GraphContext,
  { name, where, weightKeys, run }: GraphQuery<T>,
  plan: IndexPlan,
): Promise<Attempt<T>> {
  const { services, graph } = context
  const load = async () => {
    let read: Omit<Snapshot, 'results'> | null = null
    const engine = sqlGraphEngine({
      ...{ shard: services.shard(graph.shardId), graph, now: services.now },
      ...{ weightPath: weightKeys, where: where && { query: where, plan } },
      onRead: (at) => {
        read = at
      },
    })
    const answer = await run(engine, undefined)
    return { answer, ...snapshotOf(read) }
  }
  const { value, ...at } = await readValue(context, {
    ...{
      kind: 'list',
      name: `graph:${name()}:${JSON.stringify(plan)}`,
      isUncached: true,
      tags: logTags,
    },
    load: async () => {
      const { answer, seq, historyId, schemaSeq } = await load()
      return { value: { answer, schemaSeq }, seq, historyId }
    },
  })
  return { ...value, at }
}

function snapshotOf(read: Omit<Snapshot, 'results'> | null): Omit<Snapshot, 'results'> {
  if (read === null) throw new Error('the engine answered without having read')
  return read
}
