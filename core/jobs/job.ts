import type { TenantId } from '../ids.ts'
import type { Json } from '../json.ts'

export const JOB_STATES = [
  'uploading',
  'queued',
  'running',
  'succeeded',
  'failed',
  'cancelled',
] as const
/**
 * `uploading`: what it works on is still arriving. `running` lasts from the first chunk to the end,
 * also between two runs. The last three are ends; of those, `failed` and `cancelled` may be retried.
 */
export type JobState = (typeof JOB_STATES)[number]

export const JOB_PRIORITIES = ['high', 'normal', 'low'] as const
/** Each has a queue of its own. */
export type JobPriority = (typeof JOB_PRIORITIES)[number]

/** How far a job is, in `unit`s; `total` is null while nobody knows it. */
export type JobProgress = {
  readonly done: number
  readonly total: number | null
  readonly unit: string
}

export type JobError = { readonly code: string; readonly message: string }

/** A file that a job has made, in parts that stand one after the other. */
export type JobFile = {
  readonly name: string
  readonly contentType: string
  readonly parts: readonly FilePart[]
}

/** An object of the file store, named within its job. */
export type FilePart = { readonly name: string; readonly bytes: number }

/** What came of a job: what its caller is told, and its files. */
export type JobResult = {
  readonly value: { readonly [key: string]: Json }
  readonly files: readonly JobFile[]
}

/** Work that takes longer than a request, as its row has it. Times are RFC 3339. */
export type Job = {
  readonly tenantId: TenantId
  readonly id: string
  readonly kind: string
  readonly graphId: string | null
  readonly graphName: string | null
  readonly params: unknown
  readonly state: JobState
  readonly priority: JobPriority
  readonly progress: JobProgress
  /** Where its next chunk begins; `null` before the first. */
  readonly cursor: unknown
  /** Runs since the last chunk that was done. */
  readonly attempt: number
  readonly result: JobResult | null
  /** Why it failed; of a job that goes on, why its last run did. */
  readonly error: JobError | null
  /** `key:<id>` or `user:<id>`: in whose name it works. */
  readonly actor: string
  readonly fingerprint: string
  readonly createdAt: string
  readonly startedAt: string | null
  readonly updatedAt: string
  readonly finishedAt: string | null
}

/** What of a job's state allows what may be done to it. */
export function mayCancel(state: JobState): boolean {
  return state === 'uploading' || state === 'queued' || state === 'running'
}

export function mayRetry(state: JobState): boolean {
  return state === 'failed' || state === 'cancelled'
}

export function hasEnded(state: JobState): boolean {
  return state === 'succeeded' || mayRetry(state)
}
