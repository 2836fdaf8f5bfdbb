import { exportJobs } from './export/kind.ts'
import { componentsJobs } from './graph/components-kind.ts'
import { pagerankJobs } from './graph/pagerank-kind.ts'
import { topologyJobs } from './graph/topology-kind.ts'
import { importJobs } from './import/kind.ts'
import type { JobKind } from './kind.ts'

/** Every kind of job, by name. */
export const JOB_KINDS: ReadonlyMap<string, JobKind> = new Map(
  [exportJobs(), importJobs(), topologyJobs(), pagerankJobs(), componentsJobs()].map((kind) => [
    kind.kind,
    kind,
  ]),
)
