import type { JobPriority } from '../../core/jobs/job.ts'
import type { GraphContext } from '../context.ts'
import type { Analysed } from '../jobs/graph/analysed.ts'
import type { RankJobParams } from '../jobs/graph/pagerank-kind.ts'
import { graphOperation } from './define.ts'
import { createJob } from './jobs.ts'

type GraphJobInput<Params> = {
  readonly graph: string
  readonly priority: JobPriority
  readonly params: Params
}

/** Ranks all entities of the graph, later. */
export const rankLater = graphOperation(
  'graph.read',
  (context: GraphContext, { graph, priority, params }: GraphJobInput<RankJobParams>) =>
    createJob(context, graph, { kind: 'pagerank', params, priority, unit: 'records' }),
)

/** Finds the connected components of the graph, later. */
export const findComponentsLater = graphOperation(
  'graph.read',
  (context: GraphContext, { graph, priority, params }: GraphJobInput<Analysed>) =>
    createJob(context, graph, { kind: 'components', params, priority, unit: 'records' }),
)
