import { parseEnv, type RawEnv } from '../env.ts'
import { handleRequest } from './api/app.ts'
import { consumeBatch } from './consume-batch.ts'
import { JOBS } from './scheduled/jobs.ts'

export { GraphLog } from '../durable-objects/graph-log/object.ts'

export default {
  fetch: (request, env, ctx) => handleRequest(request, env, ctx),
  scheduled: async ({ cron }, env, ctx) => {
    await JOBS[cron]?.(parseEnv(env), (work) => ctx.waitUntil(work))
  },
  queue: ({ queue, messages }, env) => consumeBatch(parseEnv(env), queue, messages),
} satisfies ExportedHandler<RawEnv>
