import { hasEnded } from '../../../core/jobs/job.ts'
import { SYSTEM_ACTOR } from '../../../db/queries/access.ts'
import { graphNameOf } from '../../../db/queries/graph-name.ts'
import { insertJob } from '../../../db/queries/jobs.ts'
import type { GraphContext } from '../../context.ts'
import { sha256Hex } from '../../security/api-keys.ts'
import { weightName } from './build.ts'

/** What it takes to have a job made. */
export type JobServices = Pick<GraphContext['services'], 'catalog' | 'newId' | 'sendJob'>

export type WantedTopology = {
  readonly historyId: string
  /** Seq of the topology that it is to follow; 0: it is the graph's first. */
  readonly former: number
  readonly weightKeys: readonly string[] | null
}

/**
 * Has a job build the graph's topology, unless there is or was one with the same aim: however many readers
 * miss it, and whatever becomes of the job. False when it has ended, so that there is nothing to wait for.
 */
export async function askForTopology(
  { services, graph }: Pick<GraphContext, 'graph'> & { readonly services: JobServices },
  { historyId, former, weightKeys }: WantedTopology,
): Promise<boolean> {
  const { tenantId, graphId } = graph
  const weights = weightKeys === null ? '' : `|${await sha256Hex(weightName(weightKeys))}`
  const { job, isNew } = await insertJob(services.catalog, {
    ...{ tenantId, graphId, id: services.newId() },
    graphName: await graphNameOf(services.catalog, tenantId, graphId),
    ...{
      kind: 'topology',
      params: { weightKeys },
      state: 'queued',
      priority: 'low',
      actor: SYSTEM_ACTOR,
    },
    progress: { done: 0, total: null, unit: 'records' },
    requestKey: `topology|${graphId}|${historyId}|${former}${weights}`,
    fingerprint: '',
  })
  if (isNew) await services.sendJob(job)
  return !hasEnded(job.state)
}
