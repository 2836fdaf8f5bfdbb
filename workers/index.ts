import { parseEnv, type RawEnv } from '../env.ts'
import { handleRequest } from './api/app.ts'
import { consumeBatch } from './consume-batch.ts'
import { consumeJobs } from './jobs/consume.ts'
import { JOB_QUEUES } from './jobs/messages.ts'
import { JOBS } from './scheduled/jobs.ts'

export { GraphLog } from '../durable-objects/graph-log/object.ts'

export default {
  fetch: (request, env, ctx) => handleRequest(request, env, ctx),
  scheduled: async ({ cron }, env, ctx) => {
    await JOBS[cron]?.(parseEnv(env), (work) => ctx.waitUntil(work))
  },
  queue: (batch, env, ctx) =>
    batch.queue.startsWith(JOB_QUEUES)
      ? consumeJobs(batch, parseEnv(env), (work) => ctx.waitUntil(work))
      : consumeBatch(parseEnv(env), batch.queue, batch.messages),
} satisfies ExportedHandler<RawEnv>
