import { expiredJobs, waitingJobs } from '../../db/queries/job-runs.ts'
import { cancelJob, deleteJob } from '../../db/queries/jobs.ts'
import { jobPrefix } from '../files/job-files.ts'
import type { Services } from '../services.ts'

type Swept = Pick<Services, 'catalog' | 'sendJob' | 'files'>

/** Nothing heard of a job for so long: its message is lost, or waits in a long line. */
const IDLE_SECONDS = 120
/** Messages of one sweep: the next follows in a minute. */
const MAX_MESSAGES = 300

/** Tells the queues again of jobs that could go on: their messages, or the runs that had them, are lost. */
export async function sweepJobs({ catalog, sendJob }: Swept): Promise<void> {
  const waiting = await waitingJobs(catalog, { idleSeconds: IDLE_SECONDS, limit: MAX_MESSAGES })
  for (const job of waiting) await sendJob(job)
}

/** How long a job that has ended is kept, and its files. */
export const KEEP_JOBS_DAYS = 7
/** Jobs that one run removes: each is some calls. */
const MAX_EXPIRED = 100

/** Removes jobs that ended long ago, and those whose upload never did, with their files. */
export async function purgeJobs({ catalog, files }: Swept): Promise<void> {
  const expired = await expiredJobs(catalog, { keepDays: KEEP_JOBS_DAYS, limit: MAX_EXPIRED })
  for (const job of expired) {
    await files.deleteAll(jobPrefix(job))
    // Of an upload that never came to its end.
    await cancelJob(catalog, job)
    await deleteJob(catalog, job)
  }
}
