import type {
  Answered,
  Common,
  CommonRequest,
  Component,
  ComponentRequest,
  Degree,
  DegreeRequest,
  Filters,
  GraphEngine,
  Hop,
  Paths,
  PathsRequest,
  Subgraph,
  SubgraphRequest,
  Traversal,
  TraverseRequest,
} from '../../core/graph/engine.ts'
import type { ListQuery } from '../../core/log/list-query.ts'
import type { RecordNames, RecordsAt } from '../../db/queries/records-at.ts'
import type { GraphContext } from '../context.ts'
import { graphOperation } from './define.ts'
import { type Answer, answer } from './records.ts'
import { PLAN_CAPS } from './topology/caps.ts'
import { type EntityRef, withEntityIds } from './topology/entity-ids.ts'
import { recordsOf } from './topology/records-of.ts'
import { runQuery } from './topology/run-query.ts'

/** A query of a graph: the entities it names, what an engine is asked, and what else is wanted. */
export type QueryInput<Request> = {
  readonly names: readonly EntityRef[]
  readonly request: Omit<
    Request,
    'starts' | 'from' | 'to' | 'entity' | 'entities' | 'candidates' | 'deadlineAtMs' | 'weighted'
  >
  /** Which entities a search may enter; `null`: all. */
  readonly where: ListQuery | null
  /** Whether the records are wanted, as they were at the seq of the answer. */
  readonly withRecords: boolean
}

/** What an engine found; `records` are `null` when nobody asked for them. */
export type Queried<T> = { readonly found: T; readonly records: RecordsAt | null }

export const traverseGraph = graphOperation(
  'graph.read',
  (context, input: QueryInput<TraverseRequest>) =>
    query<Traversal>(context, 'traverse', input, {
      run: (engine, starts, given) => engine.traverse({ ...input.request, ...given, starts }),
      records: ({ entities }) => ({
        ids: entities.map(({ id }) => id),
        createdSeqs: seqsOf(entities.flatMap(({ via }) => via ?? [])),
      }),
    }),
)

export const readSubgraph = graphOperation(
  'graph.read',
  (context, input: QueryInput<SubgraphRequest>) =>
    query<Subgraph>(context, 'subgraph', input, {
      run: (engine, starts, given) => engine.subgraph({ ...input.request, ...given, starts }),
      records: ({ entities, edges }) => ({
        ids: entities.map(({ id }) => id),
        createdSeqs: edges.map(({ createdSeq }) => createdSeq),
      }),
    }),
)

export type PathsInput = QueryInput<PathsRequest> & {
  /** Keys of the property of relationships that is added up; `null`: relationships are counted. */
  readonly weightKeys: readonly string[] | null
}

export const findPaths = graphOperation('graph.read', (context, input: PathsInput) =>
  query<Paths>(context, 'paths', input, {
    weightKeys: input.weightKeys,
    run: (engine, [from = '', to = ''], given) =>
      engine.paths({
        ...input.request,
        ...given,
        ...{ from, to, weighted: input.weightKeys !== null },
      }),
    records: ({ paths }) => ({
      ids: paths.flatMap(({ entities }) => entities.map(({ id }) => id)),
      createdSeqs: seqsOf(paths.flatMap(({ hops }) => hops)),
    }),
  }),
)

export const readComponent = graphOperation(
  'graph.read',
  (context, input: QueryInput<ComponentRequest>) =>
    query<Component>(context, 'component', input, {
      run: (engine, [entity = ''], given) =>
        engine.component({ ...input.request, ...given, entity }),
    }),
)

export const readDegree = graphOperation(
  'graph.read',
  (context, input: QueryInput<DegreeRequest>) =>
    query<Degree>(context, 'degree', input, {
      run: (engine, [entity = ''], given) => engine.degree({ ...input.request, ...given, entity }),
    }),
)

export const findCommonNeighbors = graphOperation(
  'graph.read',
  (context, input: QueryInput<CommonRequest>) =>
    query<Common>(context, 'common', input, {
      run: (engine, [one = '', other = ''], given) =>
        engine.common({ ...input.request, ...given, entities: [one, other] }),
      records: ({ entities }) => ({
        ids: entities.map(({ id }) => id),
        createdSeqs: seqsOf(entities.flatMap(({ via }) => via)),
      }),
    }),
)

/** What the engine is asked beside the request itself. */
type Given = Pick<Filters, 'candidates'> & { readonly deadlineAtMs: number }

type Asked<T> = {
  readonly run: (engine: GraphEngine, ids: readonly string[], given: Given) => Promise<T>
  /** Which records the answer shows. */
  readonly records?: (found: T) => RecordNames
  readonly weightKeys?: readonly string[] | null
}

async function query<T extends Answered>(
  context: GraphContext,
  operation: keyof GraphEngine,
  { names, where, withRecords, request }: QueryInput<unknown>,
  { run, records, weightKeys = null }: Asked<T>,
): Promise<Answer<Queried<T>>> {
  const deadlineAtMs = context.services.now() + PLAN_CAPS.deadlineMs
  const { answer: found, at } = await withEntityIds(context, names, (ids, atLeast) =>
    runQuery<T>(context, {
      name: () => JSON.stringify([operation, ids, request, where, weightKeys]),
      ...{ where, weightKeys, atLeast },
      run: (engine, candidates) =>
        run(engine, ids, { deadlineAtMs, ...(candidates && { candidates }) }),
    }),
  )
  const shown = withRecords && records ? await recordsOf(context, at, records(found)) : null
  return answer(context, { found, records: shown }, { value: found, ...at })
}

function seqsOf(hops: readonly Hop[]): number[] {
  return hops.map(({ createdSeq }) => createdSeq)
}
