import { join } from 'node:path'
import { Cron } from 'croner'
import { unstable_readConfig } from 'wrangler'
import { z } from 'zod'
import { ROOT } from './wrangler.ts'

// What is used here of an interface that wrangler calls unstable.
const withCrons = z.looseObject({
  triggers: z.looseObject({ crons: z.array(z.string()).default([]) }),
})

/**
 * Runs the cron triggers of wrangler.toml, in UTC as the platform does: the local runtime has none of
 * its own. A run that takes longer than until the next one makes that wait its turn. Returns how to
 * stop.
 */
export function startCrons(
  run: (cron: string) => Promise<void>,
  onFailure: (message: string) => void,
): () => void {
  const config = unstable_readConfig({ config: join(ROOT, 'wrangler.toml') })
  const jobs = withCrons.parse(config).triggers.crons.map((cron) => {
    const failed = (error: unknown) =>
      onFailure(`The job ${cron} failed: ${error instanceof Error ? error.message : error}`)
    return new Cron(cron, { timezone: 'UTC', protect: true, catch: failed }, () => run(cron))
  })
  return () => {
    for (const job of jobs) job.stop()
  }
}
