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

/** What a message of a job leads to. */
export type JobActions = {
  readonly run: (id: string) => Promise<unknown>
  /** Its messages have failed too often. */
  readonly giveUp: (id: string) => Promise<unknown>
  readonly onFailure: (error: unknown, id: string) => void
}

type Messages = Pick<MessageBatch, 'queue'> & {
  readonly messages: readonly Pick<Message, 'id' | 'body' | 'attempts' | 'ack' | 'retry'>[]
}

/**
 * Takes messages of the queues of jobs. Each is answered for by itself, and the handler returns as if all
 * were well: the local runtime sends acknowledged ones again when it does not.
 */
export async function takeMessages(batch: Messages, actions: JobActions): Promise<void> {
  const act = batch.queue === DEAD_JOBS ? actions.giveUp : actions.run
  for (const message of batch.messages) {
    const parsed = jobMessage.safeParse(message.body)
    if (!parsed.success) {
      actions.onFailure(new Error('a message names no job'), message.id)
      message.ack()
      continue
    }
    const { job: id } = parsed.data
    try {
      await act(id)
      message.ack()
    } catch (error) {
      actions.onFailure(error, id)
      const delaySeconds = Math.min(MAX_RETRY_SECONDS, RETRY_SECONDS * message.attempts)
      message.retry({ delaySeconds })
    }
  }
}

/** The worker's handler for these queues. */
export async function consumeJobs(
  batch: MessageBatch,
  env: Env,
  waitUntil: WaitUntil,
): Promise<void> {
  const own = services(env, waitUntil)
  const run = (id: string) =>
    runJob(
      {
        services: own,
        kinds: JOB_KINDS,
        random: Math.random,
        onFailure: (error, { kind }) => logFailure(error, id, `job ${kind}`),
      },
      id,
    )
  await takeMessages(batch, {
    run,
    giveUp: (id) => failAbandonedJob(own.catalog, id, ABANDONED),
    onFailure: (error, id) => logFailure(error, id, batch.queue),
  })
}

const ABANDONED = {
  code: 'unavailable',
  message: 'it could not be run for a long time, and was given up: retry it',
}
