import { AppError, notFound } from '../../core/errors.ts'
import {
  hasEnded,
  type Job,
  type JobPriority,
  type JobProgress,
  mayCancel,
} from '../../core/jobs/job.ts'
import type { Json } from '../../core/json.ts'
import { nextJobs } from '../../db/queries/job-runs.ts'
import {
  cancelJob as cancelRow,
  deleteJob as deleteRow,
  getJob,
  insertJob,
  type JobQuery,
  listJobs,
  retryJob as retryRow,
} from '../../db/queries/jobs.ts'
import type { GraphContext, TenantContext } from '../context.ts'
import { fileBytes, jobPrefix } from '../files/job-files.ts'
import { LINK_SECONDS, signFileLink } from '../jobs/file-links.ts'
import { JOB_KINDS } from '../jobs/kinds.ts'
import { commitIdentity } from './commit-ids.ts'
import { requirePermission, tenantOperation } from './define.ts'
import { answerError } from './refusals.ts'

/** A job as its tenant sees it. */
export type JobView = {
  readonly id: string
  readonly kind: string
  readonly graph: string | null
  readonly state: Job['state']
  readonly priority: JobPriority
  readonly progress: JobProgress
  readonly attempt: number
  readonly result: { readonly [key: string]: Json } | null
  readonly files: readonly FileView[]
  readonly error: Job['error']
  readonly created_by: string
  readonly created_at: string
  readonly started_at: string | null
  readonly updated_at: string
  readonly finished_at: string | null
}

export type FileView = {
  readonly name: string
  readonly content_type: string
  readonly bytes: number
  /** A path that needs no key; good until `expires_at`. */
  readonly url: string
  readonly expires_at: string
}

export const findJobs = tenantOperation(
  'graph.read',
  async (context, query: JobQuery): Promise<{ items: JobView[]; next: string | null }> => {
    const { services, principal } = context
    const found = await listJobs(services.catalog, principal.tenantId, {
      ...query,
      limit: query.limit + 1,
    })
    const page = found.slice(0, query.limit)
    const items = await Promise.all(page.map((job) => viewOf(context, job)))
    return { items, next: found.length > page.length ? (page.at(-1)?.id ?? null) : null }
  },
)

export const readJob = tenantOperation('graph.read', async (context, id: string) =>
  viewOf(context, await existing(context, id)),
)

/** What has been done stays. A job that is cancelled already is answered as it is. */
export const cancelJob = tenantOperation('graph.read', async (context, id: string) => {
  const job = await changeable(context, id)
  if (job.state === 'cancelled') return viewOf(context, job)
  const { catalog, sendJob } = context.services
  const cancelled = await cancelRow(catalog, job)
  if (cancelled) {
    // Its place is free.
    for (const next of await nextJobs(catalog, job.tenantId)) await sendJob(next)
    return viewOf(context, cancelled)
  }
  throw conflict(await existing(context, id), 'it has ended')
})

/**
 * The job goes on where it stopped, in the name of whoever asks. One that goes on already is answered as it
 * is, so that the request can be repeated.
 */
export const retryJob = tenantOperation('graph.read', async (context, id: string) => {
  const job = await changeable(context, id)
  if (job.state === 'queued' || job.state === 'running') return viewOf(context, job)
  const { services, principal } = context
  const retried = await retryRow(services.catalog, job, principal.actor)
  if (!retried) {
    throw conflict(await existing(context, id), 'only one that failed or was cancelled is retried')
  }
  await services.sendJob(retried)
  return viewOf(context, retried)
})

/** The job and its files are gone. */
export const deleteJob = tenantOperation('graph.read', async (context, id: string) => {
  const job = await changeable(context, id)
  if (!hasEnded(job.state)) throw conflict(job, 'cancel it first')
  await context.services.files.deleteAll(jobPrefix(job))
  if (!(await deleteRow(context.services.catalog, job))) {
    throw conflict(await existing(context, id), 'it was retried meanwhile')
  }
})

type Work = {
  readonly kind: string
  readonly params: unknown
  readonly priority: JobPriority
  readonly unit: string
}

/**
 * Makes a job on the graph and tells its queue. For the operations of its kind, which have checked what
 * may be done. A request with an idempotency key that is repeated gets the job that it made.
 */
export async function createJob(
  context: GraphContext,
  graphName: string,
  work: Work,
): Promise<{ readonly value: JobView; readonly replayed: boolean }> {
  const { job, replayed } = await insert(context, graphName, work, 'queued')
  if (!replayed) await context.services.sendJob(job)
  return {
    value: await viewOf(context, asMade(job, { done: 0, total: null, unit: work.unit })),
    replayed,
  }
}

/** The job as its request was answered, however far it is by now: a repeat gets the same answer. */
export function asMade(job: Job, progress: JobProgress): Job {
  return {
    ...job,
    ...{ state: 'queued', progress, attempt: 0, result: null, error: null },
    ...{ startedAt: null, updatedAt: job.createdAt, finishedAt: null },
  }
}

/** Adds the row. Of a job that is `uploading` the queue is told later. */
export async function insert(
  context: GraphContext,
  graphName: string,
  { kind, params, priority, unit }: Work,
  state: 'uploading' | 'queued',
): Promise<{ readonly job: Job; readonly replayed: boolean }> {
  const { services, principal, graph, idempotency } = context
  const identity = await commitIdentity(context, `${graph.graphId}|${principal.actor}`)
  const { job, isNew } = await insertJob(services.catalog, {
    tenantId: principal.tenantId,
    id: services.newId(),
    graphId: graph.graphId,
    actor: principal.actor,
    progress: { done: 0, total: null, unit },
    ...{ kind, graphName, params, priority, state },
    requestKey: idempotency && identity.commitId,
    fingerprint: state === 'queued' ? identity.fingerprint : '',
  })
  if (!isNew && state === 'queued' && job.fingerprint !== identity.fingerprint) {
    throw answerError({ status: 'fingerprint_mismatch' })
  }
  return { job, replayed: !isNew }
}

export async function viewOf({ services }: TenantContext, job: Job): Promise<JobView> {
  const now = services.now()
  const expiresAt = new Date(now + LINK_SECONDS * 1_000).toISOString()
  const files = await Promise.all(
    (job.result?.files ?? []).map(async (file, index): Promise<FileView> => {
      const token = await signFileLink(services.jwtSecret, { ...job, file: index }, now)
      return {
        name: file.name,
        content_type: file.contentType,
        bytes: fileBytes(file),
        url: `/api/v1/files/${token}`,
        expires_at: expiresAt,
      }
    }),
  )
  return {
    id: job.id,
    kind: job.kind,
    graph: job.graphName,
    state: job.state,
    priority: job.priority,
    progress: job.progress,
    attempt: job.attempt,
    result: job.result?.value ?? null,
    files,
    error: job.error,
    created_by: job.actor,
    created_at: job.createdAt,
    started_at: job.startedAt,
    updated_at: job.updatedAt,
    finished_at: job.finishedAt,
  }
}

async function existing({ services, principal }: TenantContext, id: string): Promise<Job> {
  const job = await getJob(services.catalog, principal.tenantId, id)
  if (!job) throw notFound('this job')
  return job
}

/** One that the caller might have made. */
async function changeable(context: TenantContext, id: string): Promise<Job> {
  const job = await existing(context, id)
  const kind = JOB_KINDS.get(job.kind)
  if (kind) requirePermission(context.principal, kind.permission)
  return job
}

function conflict({ state }: Job, why: string): AppError {
  const what = mayCancel(state) ? `the job is ${state}` : `the job has ${ENDED[state] ?? state}`
  return new AppError('conflict', `${what}: ${why}`)
}

const ENDED: Partial<Record<Job['state'], string>> = {
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'been cancelled',
}
