import type { JobPriority } from '../../core/jobs/job.ts'
import type { GraphContext } from '../context.ts'
import type { ExportJobParams } from '../jobs/export/kind.ts'
import { graphOperation } from './define.ts'
import { createJob } from './jobs.ts'

type ExportJobInput = {
  readonly graph: string
  readonly priority: JobPriority
  readonly params: ExportJobParams
}

/** Exports the graph into a file, later. */
export const exportLater = graphOperation(
  'graph.read',
  (context: GraphContext, { graph, priority, params }: ExportJobInput) =>
    createJob(context, graph, { kind: 'export', params, priority, unit: 'records' }),
)
