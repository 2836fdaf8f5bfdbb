import { failAbandonedJob } from '../../db/queries/job-runs.ts'
import type { Env } from '../../env.ts'
import { logFailure } from '../api/log.ts'
import { services } from '../services.ts'
import { JOB_KINDS } from './kinds.ts'
import { DEAD_JOBS, jobMessage } from './messages.ts'
import { runJob } from './run-job.ts'

type WaitUntil = (work: Promise<unknown>) => void

/** A message whose job could not even be looked up comes again after this, times its attempts. */
const RETRY_SECONDS = 10
const MAX_RETRY_SECONDS = 600

/**
 * Takes messages of the queues of jobs. Each is answered for by itself, and the handler returns as if all
 * were well: the local runtime sends acknowledged ones again when it does not.
 */
export async function consumeJobs(
  batch: MessageBatch,
  env: Env,
  waitUntil: WaitUntil,
): Promise<void> {
  const own = services(env, waitUntil)
  for (const message of batch.messages) {
    const parsed = jobMessage.safeParse(message.body)
    if (!parsed.success) {
      logFailure(new Error('a message names no job'), message.id, batch.queue)
      message.ack()
      continue
    }
    const { job: id } = parsed.data
    try {
      if (batch.queue === DEAD_JOBS) await failAbandonedJob(own.catalog, id, ABANDONED)
      else {
        await runJob(
          {
            services: own,
            kinds: JOB_KINDS,
            random: Math.random,
            onFailure: (error, { kind }) => logFailure(error, id, `job ${kind}`),
          },
          id,
        )
      }
      message.ack()
    } catch (error) {
      logFailure(error, id, batch.queue)
      const delaySeconds = Math.min(MAX_RETRY_SECONDS, RETRY_SECONDS * message.attempts)
      message.retry({ delaySeconds })
    }
  }
}

const ABANDONED = {
  code: 'unavailable',
  message: 'it could not be run for a long time, and was given up: retry it',
}
