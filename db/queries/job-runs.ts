import { sql } from 'drizzle-orm'
import type { TenantId } from '../../core/ids.ts'
import { tenantId } from '../../core/ids.ts'
import type { Job, JobError, JobPriority, JobProgress, JobResult } from '../../core/jobs/job.ts'
import type { Database, Row } from '../client.ts'
import { errorJson, type JobName, MAX_RUNNING_JOBS, toJob } from './jobs.ts'
import { runRead } from './snapshot.ts'

/**
 * How long a run has a job to itself after a chunk, in seconds. A run that was killed is noticed after
 * that; a chunk that takes longer is done by two runs, of which one can save it.
 */
export const LEASE_SECONDS = 120

/** A job that one run has to itself. */
export type ClaimedJob = { readonly job: Job; readonly owner: string }

/**
 * `busy`: another run has it. `waiting`: it is not its time yet, or the tenant has as many running as it
 * may. `ended`: there is nothing to do.
 */
export type Claim = ClaimedJob | 'busy' | 'waiting' | 'ended'

/** Takes a job for the run `owner`, whosever it is. One round trip. */
export async function claimJob(catalog: Database, id: string, owner: string): Promise<Claim> {
  const [, , claimed, found] = await runRead(() =>
    catalog.batchWith({ 'tendril.job_id': id }, [
      // The job names its tenant; the statements after this one speak for it.
      sql`select set_config('tendril.tenant_id', tenant_id::text, true) from jobs
        where id = ${id}::uuid`,
      sql`select pg_advisory_xact_lock(hashtextextended('tendril.jobs:' || tendril_tenant(), 0))`,
      sql`update jobs j set state = 'running', lease_owner = ${owner}::uuid,
          lease_until = now() + make_interval(secs => ${LEASE_SECONDS}::int),
          started_at = coalesce(started_at, now()), updated_at = now(), attempt = attempt + 1
        where j.tenant_id = tendril_tenant() and j.id = ${id}::uuid
          and j.state in ('queued', 'running') and j.run_at <= now()
          and (j.lease_until is null or j.lease_until < now())
          and (j.state = 'running' or (select count(*) from jobs r
            where r.tenant_id = tendril_tenant() and r.finished_at is null
              and r.state = 'running') < ${MAX_RUNNING_JOBS}::int)
        returning j.*`,
      sql`select state, lease_until > now() as is_leased from jobs
        where tenant_id = tendril_tenant() and id = ${id}::uuid`,
    ]),
  )
  const [row] = claimed ?? []
  if (row) return { job: toJob(row), owner }
  const { state, is_leased: isLeased } = found?.[0] ?? {}
  if (state !== 'queued' && state !== 'running') return 'ended'
  return isLeased === true ? 'busy' : 'waiting'
}

/** Where a job has got to. */
export type Saved = { readonly cursor: unknown; readonly progress: JobProgress }

/** Whether the run still has the job: it may have been cancelled, or taken over by another run. */
export async function saveJob(
  catalog: Database,
  claimed: ClaimedJob,
  { cursor, progress }: Saved,
): Promise<boolean> {
  const rows = await update(
    catalog,
    claimed,
    sql`cursor = ${JSON.stringify(cursor)}::jsonb, progress = ${JSON.stringify(progress)}::jsonb,
      attempt = 0, error = null, lease_until = now() + make_interval(secs => ${LEASE_SECONDS}::int)`,
  )
  return rows.length > 0
}

/** Gives a job back, to be run again in `delayMs`. Of one that failed, `error` says why. */
export async function releaseJob(
  catalog: Database,
  claimed: ClaimedJob,
  { delayMs, error }: { readonly delayMs: number; readonly error: JobError | null },
): Promise<boolean> {
  const why = error ? sql`, error = ${errorJson(error)}` : sql``
  const rows = await update(
    catalog,
    claimed,
    sql`lease_owner = null, lease_until = null, enqueued_at = now(),
      run_at = now() + make_interval(secs => ${delayMs / 1_000}::float8)
      ${error === null ? sql`, attempt = 0` : why}`,
  )
  return rows.length > 0
}

/** A job to be told of. */
export type NextJob = { readonly id: string; readonly priority: JobPriority }

/** Ends a job for good. `null`: the run has it no more. */
export async function finishJob(
  catalog: Database,
  claimed: ClaimedJob,
  outcome:
    | { readonly state: 'succeeded'; readonly result: JobResult; readonly progress: JobProgress }
    | { readonly state: 'failed'; readonly error: JobError; readonly forgetCursor: boolean },
): Promise<{ readonly next: readonly NextJob[] } | null> {
  const changes =
    outcome.state === 'succeeded'
      ? sql`result = ${JSON.stringify(outcome.result)}::jsonb, error = null, cursor = null, attempt = 0,
          progress = ${JSON.stringify(outcome.progress)}::jsonb`
      : sql`error = ${errorJson(outcome.error)},
          cursor = case when ${outcome.forgetCursor}::boolean then null else cursor end`
  const rows = await update(
    catalog,
    claimed,
    sql`state = ${outcome.state}, finished_at = now(), lease_owner = null, lease_until = null,
      ${changes}`,
  )
  if (rows.length === 0) return null
  return { next: await nextJobs(catalog, claimed.job.tenantId) }
}

/**
 * Those at the head of the tenant's line, now that one has ended: as many as may run, since others may end
 * at the same time. Which of them begin, their claims decide.
 */
export async function nextJobs(catalog: Database, tenant: TenantId): Promise<NextJob[]> {
  const [rows] = await runRead(() =>
    catalog.batch(tenant, [
      sql`update jobs set enqueued_at = now() where tenant_id = ${tenant}::uuid and id in (
          select id from jobs where tenant_id = ${tenant}::uuid and finished_at is null and state = 'queued'
            and run_at <= now()
          order by array_position('{high,normal,low}', priority), id
          limit ${MAX_RUNNING_JOBS}::int
        ) returning id, priority`,
    ]),
  )
  return (rows ?? []).map(toNextJob)
}

/** Ends a job that no run has, of which the queue says that it cannot be run. */
export async function failAbandonedJob(
  catalog: Database,
  id: string,
  error: JobError,
): Promise<boolean> {
  const [, rows] = await runRead(() =>
    catalog.batchWith({ 'tendril.job_id': id }, [
      sql`select set_config('tendril.tenant_id', tenant_id::text, true) from jobs
        where id = ${id}::uuid`,
      sql`update jobs set state = 'failed', error = ${errorJson(error)}, finished_at = now(),
          updated_at = now(), lease_owner = null, lease_until = null
        where tenant_id = tendril_tenant() and id = ${id}::uuid and state in ('queued', 'running')
          and (lease_until is null or lease_until < now())
        returning id`,
    ]),
  )
  return rows?.length === 1
}

/** Jobs of all tenants of which nothing was heard for `idleSeconds`, and which could go on. */
export async function waitingJobs(
  catalog: Database,
  { idleSeconds, limit }: { readonly idleSeconds: number; readonly limit: number },
): Promise<NextJob[]> {
  const [rows] = await runRead(() =>
    catalog.batchWith({}, [
      sql`select id, priority from tendril_waiting_jobs(
        make_interval(secs => ${idleSeconds}::int), ${MAX_RUNNING_JOBS}::int, ${limit}::int)`,
    ]),
  )
  return (rows ?? []).map(toNextJob)
}

/** Jobs of all tenants that ended more than `keepDays` ago. */
export async function expiredJobs(
  catalog: Database,
  { keepDays, limit }: { readonly keepDays: number; readonly limit: number },
): Promise<JobName[]> {
  const [rows] = await runRead(() =>
    catalog.batchWith({}, [
      sql`select tenant_id, id from tendril_expired_jobs(
        make_interval(days => ${keepDays}::int), ${limit}::int)`,
    ]),
  )
  return (rows ?? []).map((row) => ({
    tenantId: tenantId(row.tenant_id as string),
    id: row.id as string,
  }))
}

function toNextJob(row: Row): NextJob {
  return { id: row.id as string, priority: row.priority as JobPriority }
}

async function update(
  catalog: Database,
  { job, owner }: ClaimedJob,
  changes: ReturnType<typeof sql>,
): Promise<readonly Row[]> {
  const [rows] = await runRead(() =>
    catalog.batch(job.tenantId, [
      sql`update jobs j set ${changes}, updated_at = now()
        where j.tenant_id = ${job.tenantId}::uuid and j.id = ${job.id}::uuid
          and j.state = 'running' and j.lease_owner = ${owner}::uuid
        returning j.id`,
    ]),
  )
  return rows ?? []
}
