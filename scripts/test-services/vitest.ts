import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { killTree } from '../local/kill-tree.ts'
import { ROOT } from '../local/wrangler.ts'

/** What needs a server: the other projects pass or fail alike on any. */
const PROJECTS = ['pg', 'redis', 'workerd', 'e2e']

/**
 * Tests to which neither the servers nor the limits make a difference: of the embedded PostgreSQL, of
 * scripts, of the limits themselves, and of clients of several isolates, which run without them.
 */
const INDIFFERENT = [
  'test/bundle.e2e.test.ts',
  'test/consistency/workers.e2e.test.ts',
  'test/harness/production-limits/production-limits.e2e.test.ts',
  'test/scripts/deploy/deploy.e2e.test.ts',
  'test/scripts/import.e2e.test.ts',
  'test/scripts/start.pg.test.ts',
  'test/scripts/test-services.pg.test.ts',
  'test/scripts/local/postgres.pg.test.ts',
  'test/scripts/local/server.e2e.test.ts',
]

/** What is shown by its size is shown at full size by the tests on what npm installed. */
const SIZES = { TENDRIL_CONSUMER_EVENTS: '10000' }

/** How long the processes of a run that was stopped may take to end what they have started. */
const GRACE_MS = 5_000

/** Runs the tests and resolves with the exit code; with 1 once `stopped` resolves. */
export async function runVitest(
  flags: readonly string[],
  env: Readonly<Record<string, string>>,
  stopped: Promise<void>,
): Promise<number> {
  const args = [
    join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    ...PROJECTS.flatMap((project) => ['--project', project]),
    ...INDIFFERENT.flatMap((file) => ['--exclude', file]),
    ...flags,
  ]
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...SIZES, ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
    // Its own process group: Ctrl-C reaches only us, and what it leaves can be ended as a whole.
    detached: true,
  })
  const closed = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
  const { pid } = child
  if (pid === undefined) return closed
  const killAll = () => killTree(pid)
  // A second Ctrl-C ends this process at once.
  process.once('exit', killAll)
  const gaveUp = stopped.then(() => {
    child.kill('SIGTERM')
    return delay(GRACE_MS, 1)
  })
  try {
    return await Promise.race([closed, gaveUp])
  } finally {
    process.off('exit', killAll)
    killAll()
  }
}
