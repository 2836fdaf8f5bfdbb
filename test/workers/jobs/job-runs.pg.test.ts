import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { AppError } from '../../../core/errors.ts'
import { type TenantId, tenantId } from '../../../core/ids.ts'
import { MAX_ATTEMPTS } from '../../../core/jobs/backoff.ts'
import type { Job, JobPriority } from '../../../core/jobs/job.ts'
import {
  type ClaimedJob,
  claimJob,
  failAbandonedJob,
  finishJob,
  nextJobs,
  releaseJob,
  saveJob,
} from '../../../db/queries/job-runs.ts'
import {
  cancelJob,
  deleteJob,
  getJob,
  insertJob,
  MAX_QUEUED_JOBS,
  MAX_RUNNING_JOBS,
  retryJob,
} from '../../../db/queries/jobs.ts'
import { jobPrefix } from '../../../workers/files/job-files.ts'
import { exportJobs } from '../../../workers/jobs/export/kind.ts'
import { type JobKind, jobKind } from '../../../workers/jobs/kind.ts'
import { RUN_CALLS, RUN_MS, runJob } from '../../../workers/jobs/run-job.ts'
import { purgeJobs, sweepJobs } from '../../../workers/jobs/sweep.ts'
import { exportLater } from '../../../workers/operations/export-job.ts'
import { range } from '../../harness/sequences.ts'
import { type Installation, newInstallation } from './installation.ts'

const STEP = { cursor: { at: 1 }, progress: { done: 1, total: 2, unit: 'steps' } }
const DONE = {
  state: 'succeeded' as const,
  result: { value: {}, files: [] },
  progress: { done: 2, total: 2, unit: 'steps' },
}

let installation: Installation

beforeAll(async () => {
  installation = await newInstallation()
})

afterAll(() => installation.databases.drop())

const catalog = () => installation.services.catalog

async function newJob(
  of: { readonly tenant: TenantId; readonly actor: string },
  more: { priority?: JobPriority; kind?: string; graph?: string } = {},
): Promise<Job> {
  const { job } = await insertJob(catalog(), {
    ...{ tenantId: of.tenant, id: randomUUID(), actor: of.actor, kind: more.kind ?? 'count' },
    ...{ graphId: more.graph ?? null, graphName: null, params: {} },
    ...{ priority: more.priority ?? 'normal', state: 'queued', requestKey: null, fingerprint: '' },
    progress: { done: 0, total: null, unit: 'steps' },
  })
  return job
}

async function claimed(job: Job): Promise<ClaimedJob> {
  const claim = await claimJob(catalog(), job.id, randomUUID())
  if (typeof claim === 'string') throw new Error(claim)
  return claim
}

const now = async ({ tenantId: tenant, id }: Job) => {
  const job = await getJob(catalog(), tenant, id)
  if (!job) throw new Error('there is no such job')
  return job
}

const change = (job: Job, changes: string) =>
  installation.databases.catalog.owner.query(`update jobs set ${changes} where id = $1`, [job.id])

const expireLease = (job: Job) => change(job, `lease_until = now() - interval '1 second'`)

describe('a claim', () => {
  it('gives a job to one of many runs that ask at once', async () => {
    const job = await newJob(await installation.newTenant())
    const claims = await Promise.all(range(8).map(() => claimJob(catalog(), job.id, randomUUID())))
    expect(claims.filter((claim) => claim === 'busy')).toHaveLength(7)
    expect(await now(job)).toMatchObject({ state: 'running', attempt: 1 })
  })

  it('is good until its lease ends, and then only one run may save', async () => {
    const job = await newJob(await installation.newTenant())
    const first = await claimed(job)
    expect(await claimJob(catalog(), job.id, randomUUID())).toBe('busy')
    await expireLease(job)
    const second = await claimed(job)
    expect(await saveJob(catalog(), first, STEP)).toBe(false)
    expect(await releaseJob(catalog(), first, { delayMs: 0, error: null })).toBe(false)
    expect(await finishJob(catalog(), first, DONE)).toBeNull()
    expect(await saveJob(catalog(), second, STEP)).toBe(true)
    expect(await now(job)).toMatchObject({ cursor: { at: 1 }, attempt: 0, state: 'running' })
    expect(await finishJob(catalog(), second, DONE)).toEqual({ next: [] })
    expect(await claimJob(catalog(), job.id, randomUUID())).toBe('ended')
  })

  it('lets a tenant have so many running and no more, whoever asks at once', async () => {
    const [tenant, other] = [await installation.newTenant(), await installation.newTenant()]
    const jobs = await Promise.all(range(MAX_RUNNING_JOBS + 3).map(() => newJob(tenant)))
    const claims = await Promise.all(jobs.map(({ id }) => claimJob(catalog(), id, randomUUID())))
    expect(claims.filter((claim) => claim === 'waiting')).toHaveLength(3)
    await claimed(await newJob(other))
    const [running] = claims.filter((claim) => typeof claim !== 'string')
    if (!running) throw new Error('some are running')
    // Between two runs a job keeps its place.
    await releaseJob(catalog(), running, { delayMs: 0, error: null })
    const waiting = jobs[claims.indexOf('waiting')]
    if (!waiting) throw new Error('some are waiting')
    expect(await claimJob(catalog(), waiting.id, randomUUID())).toBe('waiting')
    const again = await claimed(running.job)
    const done = await finishJob(catalog(), again, DONE)
    expect(done?.next).toHaveLength(3)
    const next = done?.next[0]?.id ?? ''
    expect(jobs.map(({ id }) => id)).toContain(next)
    expect(typeof (await claimJob(catalog(), next, randomUUID()))).toBe('object')
  })

  it('waits until the time of a job that failed', async () => {
    const job = await newJob(await installation.newTenant())
    const error = { code: 'unavailable', message: 'away' }
    await releaseJob(catalog(), await claimed(job), { delayMs: 60_000, error })
    expect(await claimJob(catalog(), job.id, randomUUID())).toBe('waiting')
    expect(await now(job)).toMatchObject({ state: 'running', error, attempt: 1 })
  })

  it('finds nothing where there is no job', async () => {
    expect(await claimJob(catalog(), randomUUID(), randomUUID())).toBe('ended')
  })
})

describe('a job', () => {
  it('that is cancelled is lost to its run', async () => {
    const job = await newJob(await installation.newTenant())
    const run = await claimed(job)
    expect((await cancelJob(catalog(), job))?.state).toBe('cancelled')
    expect(await saveJob(catalog(), run, STEP)).toBe(false)
    expect(await finishJob(catalog(), run, DONE)).toBeNull()
    expect(await cancelJob(catalog(), job)).toBeNull()
    expect((await now(job)).state).toBe('cancelled')
  })

  it('that is retried goes on where it stopped', async () => {
    const { tenant, actor } = await installation.newTenant()
    const job = await newJob({ tenant, actor })
    const run = await claimed(job)
    await saveJob(catalog(), run, STEP)
    expect(await retryJob(catalog(), job, 'user:other')).toBeNull()
    const error = { code: 'invalid', message: 'no' }
    await finishJob(catalog(), run, { state: 'failed', error, forgetCursor: false })
    expect(await now(job)).toMatchObject({ state: 'failed', error, cursor: { at: 1 } })
    const retried = await retryJob(catalog(), job, 'user:other')
    expect(retried).toMatchObject({ state: 'queued', error: null, actor: 'user:other' })
    expect((await claimed(job)).job.cursor).toEqual({ at: 1 })
  })

  it('is not seen, changed or removed in the name of another tenant', async () => {
    const job = await newJob(await installation.newTenant())
    const theirs = { ...job, tenantId: tenantId(randomUUID()) }
    expect(await getJob(catalog(), theirs.tenantId, job.id)).toBeNull()
    expect(await cancelJob(catalog(), theirs)).toBeNull()
    expect(await retryJob(catalog(), theirs, 'user:x')).toBeNull()
    await deleteJob(catalog(), theirs)
    expect((await now(job)).state).toBe('queued')
  })

  it('is refused when too many of its tenant wait, and only then', async () => {
    const [of, other] = [await installation.newTenant(), await installation.newTenant()]
    const made = await Promise.allSettled(range(MAX_QUEUED_JOBS + 4).map(() => newJob(of)))
    const refused = made.filter((each) => each.status === 'rejected')
    expect(refused).toHaveLength(4)
    expect(refused[0]?.reason).toMatchObject({
      code: 'rate_limited',
      detail: { retryAfterSeconds: 30 },
    })
    await newJob(other)
    const first = made.find((each) => each.status === 'fulfilled')?.value
    if (!first) throw new Error('some were made')
    await cancelJob(catalog(), first)
    await expect(retryJob(catalog(), first, of.actor)).resolves.not.toBeNull()
    const again = await newJob(of).catch((error: unknown) => error)
    expect(again).toMatchObject({ code: 'rate_limited' })
  })

  it('of higher priority comes first when another ends', async () => {
    const of = await installation.newTenant()
    for (const priority of ['low', 'low', 'normal'] as const) await newJob(of, { priority })
    const high = await newJob(of, { priority: 'high' })
    const next = await nextJobs(catalog(), of.tenant)
    expect(next).toContainEqual({ id: high.id, priority: 'high' })
    expect(next.map(({ priority }) => priority).sort()).toEqual(['high', 'low', 'normal'])
  })

  it('is given up by the queue only while no run has it', async () => {
    const job = await newJob(await installation.newTenant())
    const error = { code: 'unavailable', message: 'given up' }
    await claimed(job)
    expect(await failAbandonedJob(catalog(), job.id, error)).toBe(false)
    await expireLease(job)
    expect(await failAbandonedJob(catalog(), job.id, error)).toBe(true)
    expect(await failAbandonedJob(catalog(), job.id, error)).toBe(false)
    expect(await now(job)).toMatchObject({ state: 'failed', error })
  })
})

describe('the sweep', () => {
  const sweep = async () => {
    installation.sent.length = 0
    await sweepJobs(installation.services)
    return installation.sent.map(({ id }) => id)
  }

  it('sends again what could go on and of which nothing was heard, once, and not what cannot', async () => {
    await installation.databases.catalog.owner.query('delete from jobs')
    const [of, other] = [await installation.newTenant(), await installation.newTenant()]
    const fresh = await newJob(of)
    const [lost, dead, later, leased, ended] = [
      await newJob(of),
      await newJob(of, { priority: 'low' }),
      await newJob(of),
      await newJob(of),
      await newJob(of),
    ]
    const theirs = await newJob(other)
    await claimed(dead)
    await claimed(leased)
    await cancelJob(catalog(), ended)
    await change(later, `run_at = now() + interval '1 minute'`)
    await expireLease(dead)
    for (const job of [lost, dead, later, leased, ended, theirs]) {
      await change(job, `enqueued_at = now() - interval '10 minutes'`)
    }
    const sent = await sweep()
    expect([...sent].sort()).toEqual([lost.id, dead.id, theirs.id].sort())
    expect(installation.sent.find(({ id }) => id === dead.id)?.priority).toBe('low')
    expect(sent).not.toContain(fresh.id)
    expect(await sweep()).toEqual([])
  })

  it('leaves queued jobs of a tenant alone that has as many running as it may', async () => {
    await installation.databases.catalog.owner.query('delete from jobs')
    const of = await installation.newTenant()
    for (const _ of range(MAX_RUNNING_JOBS)) await claimed(await newJob(of))
    const job = await newJob(of)
    await change(job, `enqueued_at = now() - interval '10 minutes'`)
    expect(await sweep()).toEqual([])
  })
})

describe('the purge', () => {
  it('removes jobs that ended a week ago and uploads that never did, with their files', async () => {
    const of = await installation.newTenant()
    const [old, recent, running, broken] = [
      ...[await newJob(of), await newJob(of), await newJob(of), await newJob(of)],
    ]
    if (!old || !recent || !running || !broken) throw new Error('four jobs')
    for (const job of [old, recent]) await cancelJob(catalog(), job)
    await change(old, `finished_at = now() - interval '8 days'`)
    await change(recent, `finished_at = now() - interval '6 days'`)
    await change(running, `created_at = now() - interval '30 days'`)
    await change(broken, `state = 'uploading', updated_at = now() - interval '2 days'`)
    for (const job of [old, recent, running, broken]) {
      await installation.files.put(`${jobPrefix(job)}file`, 'x')
    }
    await purgeJobs(installation.services)
    const kept = [recent, running].map((job) => `${jobPrefix(job)}file`)
    const ours = [...installation.files.contents.keys()].filter((key) => key.startsWith(of.tenant))
    expect(ours.sort()).toEqual(kept.sort())
    expect(await getJob(catalog(), of.tenant, old.id)).toBeNull()
    expect(await getJob(catalog(), of.tenant, broken.id)).toBeNull()
    expect((await now(recent)).state).toBe('cancelled')
  })
})

describe('a run', () => {
  const counting = (step: JobKind['step']): ReadonlyMap<string, JobKind> =>
    new Map([['count', { kind: 'count', permission: 'graph.read', step }]])

  function run(job: Job, step: JobKind['step'], failures: unknown[] = []) {
    installation.sent.length = 0
    return runJob(
      {
        services: installation.services,
        kinds: counting(step),
        random: () => 1,
        onFailure: (error) => failures.push(error),
      },
      job.id,
    )
  }

  it('does chunk after chunk and leaves the rest to the next after so many calls', async () => {
    const job = await newJob(await installation.newTenant())
    let steps = 0
    const kind = jobKind({
      ...{ kind: 'count', permission: 'graph.read' as const },
      params: z.object({}),
      cursor: z.object({ at: z.int() }),
      async step(_run, _params, cursor) {
        steps += 1
        const at = (cursor?.at ?? 0) + 1
        return { cursor: { at }, progress: { done: at, total: null, unit: 'steps' } }
      },
    })
    expect(await run(job, kind.step)).toBe('more')
    // Each step is one call: that which saves it. Claim and access were two more.
    expect(steps).toBe(RUN_CALLS - 2)
    expect(installation.sent).toEqual([{ id: job.id, priority: 'normal', delaySeconds: 0 }])
    expect(await now(job)).toMatchObject({ cursor: { at: steps }, state: 'running' })
  })

  it('has its time, and the next goes on from there', async () => {
    const job = await newJob(await installation.newTenant())
    let nowMs = 0
    const services = { ...installation.services, now: () => nowMs }
    const kinds = counting(async (_run, cursor) => {
      nowMs += RUN_MS / 4
      return { ...STEP, cursor: Number(cursor ?? 0) + 1 }
    })
    const deps = { services, kinds, random: () => 0, onFailure: () => {} }
    expect(await runJob(deps, job.id)).toBe('more')
    expect((await now(job)).cursor).toBe(4)
    await runJob(deps, job.id)
    expect((await now(job)).cursor).toBe(8)
  })

  it('that fails for a passing reason is put off, longer each time, and goes on', async () => {
    const job = await newJob(await installation.newTenant())
    const away = () => Promise.reject(new AppError('unavailable', 'away'))
    for (const delaySeconds of [2, 4, 8]) {
      expect(await run(job, away)).toBe('more')
      expect(installation.sent).toEqual([{ id: job.id, priority: 'normal', delaySeconds }])
      expect((await now(job)).error).toEqual({ code: 'unavailable', message: 'away' })
      await change(job, 'run_at = now()')
    }
    expect(await run(job, async () => DONE)).toBe('ended')
    expect(await now(job)).toMatchObject({ state: 'succeeded', error: null, attempt: 0 })
  })

  it('that fails for good ends its job, with the reason', async () => {
    const job = await newJob(await installation.newTenant())
    const refuse = () => Promise.reject(new AppError('invalid', 'line 7: is bad'))
    expect(await run(job, refuse)).toBe('ended')
    const error = { code: 'invalid', message: 'line 7: is bad' }
    expect(await now(job)).toMatchObject({ state: 'failed', error })
    expect(installation.sent).toEqual([])
  })

  it('that fails by a fault of ours says no more than that, and tells the operator', async () => {
    const job = await newJob(await installation.newTenant())
    const failures: unknown[] = []
    const broken = () => Promise.reject(new TypeError('secret of undefined'))
    expect(await run(job, broken, failures)).toBe('more')
    expect(failures).toEqual([expect.any(TypeError)])
    expect((await now(job)).error).toEqual({
      code: 'internal',
      message: expect.not.stringContaining('secret'),
    })
  })

  it('is not begun again after so many that ended without a word', async () => {
    const job = await newJob(await installation.newTenant())
    await change(job, `attempt = ${MAX_ATTEMPTS}`)
    expect(await run(job, async () => STEP)).toBe('ended')
    expect((await now(job)).error?.message).toContain('given up')
  })

  it.each([
    [
      'whose key was revoked',
      'update api_keys set revoked_at = now() where tenant_id = $1',
      'forbidden',
    ],
    [
      'whose tenant is suspended',
      `update tenants set state = 'suspended' where id = $1`,
      'forbidden',
    ],
    [
      'whose graph was deleted',
      'update graphs set deleted_at = now() where tenant_id = $1',
      'not_found',
    ],
  ])('of a job %s does nothing', async (_what, statement, code) => {
    const of = await installation.newTenant()
    const graph = await installation.newGraph(of.tenant)
    const context = await installation.contextOf(of.tenant, of.actor, graph)
    const file = { fileName: 'x', contentType: 'x', metadata: false }
    const params = { format: 'ndjson' as const, kinds: ['entity' as const], ...file }
    const { value } = await exportLater(context, { graph, params, priority: 'low' })
    await installation.databases.catalog.owner.query(statement, [of.tenant])
    const job = await getJob(catalog(), of.tenant, value.id)
    if (!job) throw new Error('there is a job')
    const deps = { services: installation.services, random: () => 0, onFailure: () => {} }
    await runJob({ ...deps, kinds: new Map([['export', exportJobs()]]) }, job.id)
    expect(await now(job)).toMatchObject({ state: 'failed', error: { code } })
  })
})
