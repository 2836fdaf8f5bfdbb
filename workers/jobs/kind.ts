import type { z } from 'zod'
import type { Permission } from '../../core/auth/permissions.ts'
import type { Job, JobProgress, JobResult } from '../../core/jobs/job.ts'
import type { Context } from '../context.ts'
import type { JobFiles } from '../files/job-files.ts'

/**
 * A kind of job. To add one: define it here with `jobKind`, list it in kinds.ts, and make jobs of it
 * with `createJob` of operations/jobs.ts from an operation of its own.
 */
export type JobKind = {
  readonly kind: string
  /** What whoever makes, cancels, retries or deletes such a job must be allowed. */
  readonly permission: Permission
  readonly step: (run: JobRun, cursor: unknown) => Promise<JobStep<unknown>>
}

/** What a step works with. */
export type JobRun = {
  readonly job: Job
  /**
   * Of whoever made the job, as far as their rights go today: for operations, which check them. Its
   * graph is where the job's graph is now; without one when that is gone.
   */
  readonly context: Context
  readonly files: JobFiles
  /** Kept from step to step of one run, such as an open parser; empty when another run goes on. */
  readonly memory: Map<string, unknown>
}

export type JobStep<Cursor> =
  /** A chunk is done, and the next one begins at `cursor`, which must be JSON. */
  | { readonly cursor: Cursor; readonly progress: JobProgress }
  | { readonly result: JobResult; readonly progress: JobProgress }

/** A kind as it is written: with types for what its rows hold. */
export type JobKindDefinition<Params, Cursor> = Omit<JobKind, 'step'> & {
  readonly params: z.ZodType<Params>
  readonly cursor: z.ZodType<Cursor>
  /**
   * Does one chunk from `cursor` on (`null`: the first) and says where the next begins. A run may be
   * killed anywhere, and two runs may do the same chunk at once, so a chunk done twice must come to the
   * same: writes to a graph go by commit ids made of the job and the chunk, files are written by
   * `run.files`, and nothing else is changed. A chunk takes seconds, at most a minute, at most some
   * hundred calls of other services, and memory that does not grow with the job. What it throws decides
   * what happens next: see core/jobs/backoff.ts.
   */
  readonly step: (run: JobRun, params: Params, cursor: Cursor | null) => Promise<JobStep<Cursor>>
}

export function jobKind<Params, Cursor>({
  params,
  cursor,
  step,
  ...rest
}: JobKindDefinition<Params, Cursor>): JobKind {
  return {
    ...rest,
    step: (run, at) =>
      step(run, params.parse(run.job.params), at === null ? null : cursor.parse(at)),
  }
}
