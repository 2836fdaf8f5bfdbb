import { z } from 'zod'
import type { JobProgress, JobResult } from '../../../core/jobs/job.ts'
import type { JobRun } from '../kind.ts'
import { type GatherLimits, gatherMore, gatherProgress, MAX_JOB_GRAPH_BYTES } from './gather.ts'
import { type Gathered, gathered } from './gathered.ts'
import { type RowFile, resultValue, rowsWritten, writeRows } from './rows.ts'

/** What jobs on a graph as a whole go on from: they read the graph, compute, and write a file of rows. */
export const analysis = {
  gathered,
  written: rowsWritten,
  /** What the job's result will say. */
  value: resultValue.nullable(),
}
const cursor = z.object(analysis)
type Written = Pick<z.infer<typeof cursor>, 'written' | 'value'>

type Gathering = {
  readonly former: Gathered | null
  readonly limits: GatherLimits
  /** What the job keeps for each entity beside the topology. */
  readonly bytesPerEntity: number
}

/** Reads the next chunk of the graph. */
export async function gatherChunk(
  run: JobRun,
  { former, limits, bytesPerEntity }: Gathering,
): Promise<{ readonly gathered: Gathered; readonly progress: JobProgress }> {
  const room = { maxBytes: MAX_JOB_GRAPH_BYTES, bytesPerEntity }
  const next = await gatherMore(run.context, { run, limits, former, room })
  return { gathered: next, progress: gatherProgress(next) }
}

const COMPUTED = 'computed'

/** What `compute` gave, as long as the run lasts; `T` is what this job's kind computes. */
export async function computed<T>({ memory }: JobRun, compute: () => Promise<T>): Promise<T> {
  const known = memory.get(COMPUTED)
  if (known !== undefined) return known as T
  const made = await compute()
  memory.set(COMPUTED, made)
  return made
}

/** Writes the next rows of the job's file; after the last ones, `value` says what the result will be. */
export async function writeChunk<C extends Written>(
  run: JobRun,
  cursor: C,
  file: RowFile,
  value: () => JobResult['value'],
): Promise<{ readonly cursor: C; readonly progress: JobProgress }> {
  const { count } = file
  const written = await writeRows(run.files, file, cursor.written)
  const progress: JobProgress = { done: written.rows, total: count, unit: 'entities' }
  const isWhole = written.rows === count
  return { cursor: { ...cursor, written, ...(isWhole && { value: value() }) }, progress }
}
