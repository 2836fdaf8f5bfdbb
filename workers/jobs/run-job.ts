import { AppError, isAppError } from '../../core/errors.ts'
import { failureClass, MAX_ATTEMPTS, retryDelayMs } from '../../core/jobs/backoff.ts'
import type { JobError } from '../../core/jobs/job.ts'
import { accessByActor } from '../../db/queries/access.ts'
import {
  type ClaimedJob,
  claimJob,
  finishJob,
  type NextJob,
  releaseJob,
  saveJob,
} from '../../db/queries/job-runs.ts'
import { type Context, internalContext } from '../context.ts'
import { jobFiles } from '../files/job-files.ts'
import type { Services } from '../services.ts'
import type { JobKind, JobRun } from './kind.ts'
import { type Meter, metered } from './metered.ts'

/** After this a run leaves the rest to the next, in milliseconds. */
export const RUN_MS = 20_000
/** An invocation may call other services 1,000 times: what is left is for the last chunk. */
export const RUN_CALLS = 800

export type RunDeps = {
  readonly services: Services
  readonly kinds: ReadonlyMap<string, JobKind>
  /** From 0 to 1. */
  readonly random: () => number
  /** Told of every failure of a run, with what the job's owner is not told. */
  readonly onFailure: (error: unknown, job: ClaimedJob['job']) => void
}

/**
 * What became of a run. `ended`: the job is over, now or since before. `more`: it is to go on, which the
 * queue has been told. `lost`: it was cancelled or taken over meanwhile. `busy` and `waiting`: it was
 * not begun.
 */
export type RunOutcome = 'ended' | 'more' | 'lost' | 'busy' | 'waiting'

/**
 * Goes on with a job from where it stopped, chunk by chunk, until it ends or the run has had its time.
 * Safe at any time, by several at once, and wherever it stops. Rejects when not even the job's row can be
 * read or written: then the message is to come again.
 */
export async function runJob(deps: RunDeps, id: string): Promise<RunOutcome> {
  const meter: Meter = { calls: 0 }
  const services = metered(deps.services, meter)
  const claimed = await claimJob(services.catalog, id, services.newId())
  if (typeof claimed === 'string') return claimed
  const untilMs = services.now() + RUN_MS
  const state = { attempt: claimed.job.attempt }
  try {
    return await work(deps, services, claimed, state, () => {
      return services.now() >= untilMs || meter.calls >= RUN_CALLS
    })
  } catch (error) {
    deps.onFailure(error, claimed.job)
    return failed(deps, services, claimed, error, state.attempt)
  }
}

async function work(
  deps: RunDeps,
  services: Services,
  claimed: ClaimedJob,
  state: { attempt: number },
  isOver: () => boolean,
): Promise<RunOutcome> {
  const { job, owner } = claimed
  if (job.attempt > MAX_ATTEMPTS) {
    throw new AppError(
      'unavailable',
      `given up: its last ${MAX_ATTEMPTS} runs did not come to a word`,
    )
  }
  const kind = deps.kinds.get(job.kind)
  if (!kind) throw new AppError('invalid', `there are no jobs of the kind ${job.kind}`)
  const context = await contextOf(services, claimed)
  const files = jobFiles(services.files, job, owner)
  const run: JobRun = { job, context, files, memory: new Map() }
  let { cursor } = job
  for (;;) {
    const step = await kind.step(run, cursor ?? null)
    if ('result' in step) {
      const done = await finishJob(services.catalog, claimed, { state: 'succeeded', ...step })
      return ended(services, done)
    }
    if (!(await saveJob(services.catalog, claimed, step))) return 'lost'
    state.attempt = 1
    cursor = step.cursor
    if (isOver()) return goOn(services, claimed, 0, null)
  }
}

/** In the name of whoever made the job, with the rights that they have now. */
async function contextOf(services: Services, { job }: ClaimedJob): Promise<Context> {
  const access = await accessByActor(services.catalog, job.tenantId, job.actor, job.graphId)
  if (!access) {
    throw new AppError('forbidden', `${job.actor}, in whose name it works, is not valid any more`)
  }
  return internalContext(services, { requestId: job.id, access })
}

async function failed(
  { random }: RunDeps,
  services: Services,
  claimed: ClaimedJob,
  error: unknown,
  attempt: number,
): Promise<RunOutcome> {
  const delayMs = retryDelayMs(error, attempt, random())
  const shown = errorOf(error)
  if (delayMs !== null) return goOn(services, claimed, delayMs, shown)
  // What is gone does not come back: a retry begins anew.
  const forgetCursor = shown.code === 'gone'
  const done = await finishJob(services.catalog, claimed, {
    state: 'failed',
    error: shown,
    forgetCursor,
  })
  return ended(services, done)
}

/** Lets those begin that waited for the job to end. */
async function ended(
  { sendJob }: Services,
  done: Awaited<ReturnType<typeof finishJob>>,
): Promise<RunOutcome> {
  for (const job of done?.next ?? []) await sendJob(job)
  return done ? 'ended' : 'lost'
}

async function goOn(
  services: Services,
  claimed: ClaimedJob,
  delayMs: number,
  error: JobError | null,
): Promise<RunOutcome> {
  const isOurs = await releaseJob(services.catalog, claimed, { delayMs, error })
  if (!isOurs) return 'lost'
  const { id, priority }: NextJob = claimed.job
  await services.sendJob({ id, priority, delaySeconds: Math.ceil(delayMs / 1_000) })
  return 'more'
}

/** What the job's owner is told: of a fault of ours, no more than that. */
function errorOf(error: unknown): JobError {
  if (isAppError(error) && failureClass(error) !== 'unknown') {
    const fields = error.detail.errors ?? []
    const more =
      fields.length > 1 ? `: ${fields.map((f) => `${f.pointer} ${f.message}`).join('; ')}` : ''
    return { code: error.code, message: `${error.message}${more}`.slice(0, 2_000) }
  }
  return {
    code: 'internal',
    message: 'an internal error; quote the id of the job when you report it',
  }
}
