import { type SQL, sql } from 'drizzle-orm'
import { AppError } from '../../core/errors.ts'
import { type TenantId, tenantId } from '../../core/ids.ts'
import type {
  Job,
  JobError,
  JobPriority,
  JobProgress,
  JobResult,
  JobState,
} from '../../core/jobs/job.ts'
import type { Database, Row } from '../client.ts'
import { runRead } from './snapshot.ts'

/** Jobs of one tenant that may be between their first chunk and their end at once. */
export const MAX_RUNNING_JOBS = 3
/** Jobs of one tenant that may wait for their turn. */
export const MAX_QUEUED_JOBS = 100

const COLUMNS: SQL = sql.raw(
  `j.tenant_id, j.id, j.kind, j.graph_id, j.graph_name, j.params, j.state, j.priority, j.progress,
   j.cursor, j.attempt, j.result, j.error, j.actor, j.fingerprint, j.created_at, j.started_at,
   j.updated_at, j.finished_at`,
)

export function toJob(row: Row): Job {
  return {
    tenantId: tenantId(row.tenant_id as string),
    id: row.id as string,
    kind: row.kind as string,
    graphId: row.graph_id as string | null,
    graphName: row.graph_name as string | null,
    params: row.params,
    state: row.state as JobState,
    priority: row.priority as JobPriority,
    progress: row.progress as JobProgress,
    cursor: row.cursor,
    attempt: row.attempt as number,
    result: row.result as JobResult | null,
    error: row.error as JobError | null,
    actor: row.actor as string,
    fingerprint: row.fingerprint as string,
    createdAt: row.created_at as string,
    startedAt: row.started_at as string | null,
    updatedAt: row.updated_at as string,
    finishedAt: row.finished_at as string | null,
  }
}

export type NewJob = Pick<
  Job,
  | 'tenantId'
  | 'id'
  | 'kind'
  | 'graphId'
  | 'graphName'
  | 'params'
  | 'priority'
  | 'progress'
  | 'actor'
  | 'fingerprint'
> & {
  readonly state: 'uploading' | 'queued'
  /** The request that makes it, if it can be repeated; unique in its tenant. */
  readonly requestKey: string | null
}

/**
 * Adds a job, or finds the one that the same request has made; either is answered, and whether it is
 * new. Throws `rate_limited` when too many of the tenant's jobs wait.
 */
export async function insertJob(
  catalog: Database,
  job: NewJob,
): Promise<{ readonly job: Job; readonly isNew: boolean }> {
  const [, inserted, found] = await runRead(() =>
    catalog.batch(job.tenantId, [
      lockJobs(),
      sql`insert into jobs as j (tenant_id, id, kind, graph_id, graph_name, params, state, priority,
          progress, run_at, enqueued_at, actor, request_key, fingerprint, created_at, updated_at)
        select ${job.tenantId}::uuid, ${job.id}::uuid, ${job.kind}, ${job.graphId}::uuid,
          ${job.graphName}, ${JSON.stringify(job.params)}::jsonb, ${job.state}, ${job.priority},
          ${JSON.stringify(job.progress)}::jsonb, now(), now(), ${job.actor}, ${job.requestKey},
          ${job.fingerprint}, now(), now()
        where ${hasRoom(job.tenantId)}
        on conflict (tenant_id, request_key) do nothing
        returning ${COLUMNS}`,
      sql`select ${COLUMNS} from jobs j where j.tenant_id = ${job.tenantId}::uuid
        and j.request_key = ${job.requestKey}`,
    ]),
  )
  const row = inserted?.[0] ?? found?.[0]
  if (!row) throw tooManyJobs()
  return { job: toJob(row), isNew: inserted?.[0] !== undefined }
}

/** Two of one tenant's statements that count its jobs take turns. */
function lockJobs(): SQL {
  return sql`select pg_advisory_xact_lock(hashtextextended('tendril.jobs:' || tendril_tenant(), 0))`
}

function hasRoom(tenant: TenantId): SQL {
  return sql`(select count(*) from jobs w where w.tenant_id = ${tenant}::uuid and w.finished_at is null
    and (w.state = 'queued' or w.state = 'uploading' and w.updated_at > now() - interval '1 hour')
    ) < ${MAX_QUEUED_JOBS}::int`
}

function tooManyJobs(): AppError {
  const message = `${MAX_QUEUED_JOBS} jobs of this tenant wait already: let some end, or cancel them`
  return new AppError('rate_limited', message, { retryAfterSeconds: 30 })
}

/** The upload is complete: from now on the job waits for its turn. `false`: it has been cancelled. */
export async function queueUploadedJob(
  catalog: Database,
  job: Pick<Job, 'tenantId' | 'id' | 'params' | 'fingerprint'>,
): Promise<boolean> {
  const rows = await change(
    catalog,
    job,
    sql`state = 'queued', run_at = now(), enqueued_at = now(), fingerprint = ${job.fingerprint},
      params = ${JSON.stringify(job.params)}::jsonb`,
    sql`j.state = 'uploading'`,
  )
  return rows !== null
}

/** What names a job, whoever asks. */
export type JobName = Pick<Job, 'tenantId' | 'id'>

/** Changes a job's row if it is as `condition` says; `null`: it is not, or there is none. */
export async function change(
  catalog: Database,
  { tenantId: tenant, id }: JobName,
  changes: SQL,
  condition: SQL,
): Promise<Job | null> {
  const [rows] = await runRead(() =>
    catalog.batch(tenant, [
      sql`update jobs j set ${changes}, updated_at = now()
        where j.tenant_id = ${tenant}::uuid and j.id = ${id}::uuid and ${condition}
        returning ${COLUMNS}`,
    ]),
  )
  const [row] = rows ?? []
  return row ? toJob(row) : null
}

export async function getJob(catalog: Database, tenant: TenantId, id: string): Promise<Job | null> {
  const [found] = await select(catalog, tenant, sql`j.id = ${id}::uuid`, 1)
  return found ?? null
}

/** What a list asks for; `null`: any. `after`: those older than the job of that id. */
export type JobQuery = {
  readonly state: JobState | null
  readonly kind: string | null
  readonly graph: string | null
  readonly limit: number
  readonly after: string | null
}

/** Newest first: ids are time-ordered. */
export function listJobs(catalog: Database, tenant: TenantId, query: JobQuery): Promise<Job[]> {
  const { state, kind, graph, after } = query
  return select(
    catalog,
    tenant,
    sql`(${state}::text is null or j.state = ${state})
      and (${kind}::text is null or j.kind = ${kind})
      and (${graph}::text is null or j.graph_name = ${graph})
      and (${after}::uuid is null or j.id < ${after}::uuid)`,
    query.limit,
  )
}

async function select(
  catalog: Database,
  tenant: TenantId,
  condition: SQL,
  limit: number,
): Promise<Job[]> {
  const [rows] = await runRead(() =>
    catalog.batch(
      tenant,
      [
        sql`select ${COLUMNS} from jobs j where j.tenant_id = ${tenant}::uuid and ${condition}
          order by j.id desc limit ${limit}::int`,
      ],
      { mode: 'snapshot' },
    ),
  )
  return (rows ?? []).map(toJob)
}

/** `null`: it has ended, or there is none. What a run is doing is lost at its next save. */
export function cancelJob(catalog: Database, job: JobName): Promise<Job | null> {
  return change(
    catalog,
    job,
    sql`state = 'cancelled', finished_at = now(), lease_owner = null, lease_until = null`,
    sql`j.state in ('uploading', 'queued', 'running')`,
  )
}

/**
 * Lets a job go on where it stopped, in the name of `actor`; `null`: it has not failed and was not
 * cancelled. Throws `rate_limited` when too many of the tenant's jobs wait.
 */
export async function retryJob(
  catalog: Database,
  { tenantId: tenant, id }: JobName,
  actor: string,
): Promise<Job | null> {
  const mayRetry = sql`j.tenant_id = ${tenant}::uuid and j.id = ${id}::uuid
    and j.state in ('failed', 'cancelled')`
  const [, changed, left] = await runRead(() =>
    catalog.batch(tenant, [
      lockJobs(),
      sql`update jobs j set state = 'queued', attempt = 0, error = null, finished_at = null,
          run_at = now(), enqueued_at = now(), updated_at = now(), actor = ${actor}
        where ${mayRetry} and ${hasRoom(tenant)} returning ${COLUMNS}`,
      sql`select from jobs j where ${mayRetry}`,
    ]),
  )
  const [row] = changed ?? []
  if (!row && left?.length) throw tooManyJobs()
  return row ? toJob(row) : null
}

/** Whether the row is gone: that of a job that has not ended stays. */
export async function deleteJob(
  catalog: Database,
  { tenantId: tenant, id }: JobName,
): Promise<boolean> {
  const [, left] = await runRead(() =>
    catalog.batch(tenant, [
      sql`delete from jobs where tenant_id = ${tenant}::uuid and id = ${id}::uuid
        and state in ('succeeded', 'failed', 'cancelled')`,
      sql`select from jobs where tenant_id = ${tenant}::uuid and id = ${id}::uuid`,
    ]),
  )
  return left?.length === 0
}

/** What a failed job's row says of why. */
export function errorJson({ code, message }: JobError): SQL {
  return sql`${JSON.stringify({ code, message })}::jsonb`
}
