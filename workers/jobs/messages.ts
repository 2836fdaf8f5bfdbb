import { z } from 'zod'
import type { JobPriority } from '../../core/jobs/job.ts'
import type { Env } from '../../env.ts'

/** What a queue says of a job: that it is to go on. Everything else is in its row. */
export const jobMessage = z.strictObject({ job: z.uuid() })
export type JobMessage = z.infer<typeof jobMessage>

/** Begins the name of every queue of jobs. */
export const JOB_QUEUES = 'tendril-jobs-'
/** Where messages end that failed too often. */
export const DEAD_JOBS = `${JOB_QUEUES}dead`

export type JobToSend = {
  readonly id: string
  readonly priority: JobPriority
  /** Default 0; at most half a day. */
  readonly delaySeconds?: number
}

/** A message that is lost delays its job until the next sweep. */
export async function sendJob(env: Env, { id, priority, ...options }: JobToSend): Promise<void> {
  const message: JobMessage = { job: id }
  await queueOf(env, priority).send(message, options)
}

function queueOf(env: Env, priority: JobPriority): Queue {
  switch (priority) {
    case 'high':
      return env.JOBS_HIGH_QUEUE
    case 'normal':
      return env.JOBS_NORMAL_QUEUE
    case 'low':
      return env.JOBS_LOW_QUEUE
  }
}
