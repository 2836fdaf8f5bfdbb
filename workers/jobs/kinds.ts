import { exportKind } from './export/kind.ts'
import { importKind } from './import/kind.ts'
import type { JobKind } from './kind.ts'

/** Every kind of job, by name. */
export const JOB_KINDS: ReadonlyMap<string, JobKind> = new Map(
  [exportKind, importKind].map((kind) => [kind.kind, kind]),
)
