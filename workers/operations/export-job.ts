import type { GraphContext } from '../context.ts'
import type { ExportJobParams } from '../jobs/export/kind.ts'
import { graphOperation } from './define.ts'
import { createJob } from './jobs.ts'

type ExportJobInput = { readonly graph: string; readonly params: ExportJobParams }

/** Exports the graph into a file, later. */
export const exportLater = graphOperation(
  'graph.read',
  (context: GraphContext, { graph, params }: ExportJobInput) =>
    createJob(context, graph, { kind: 'export', params, priority: 'normal', unit: 'records' }),
)
