import { join } from 'node:path'
import { type Bundle, bundleWorker } from './local/bundle.ts'
import type { startCrons } from './local/crons.ts'
import { HOST, type LocalOptions, readLocalOptions } from './local/local-options.ts'
import { type Phases, phases } from './local/phases.ts'
import { assertPortFree } from './local/port.ts'
import { type LocalRun, runLocal } from './local/run-local.ts'
import type { Server, ServerOptions } from './local/server.ts'
import { type Stack, startStack } from './local/stack.ts'
import { welcome } from './local/welcome.ts'

const USAGE = `Runs Tendril on this machine: PostgreSQL, the worker, and a demo tenant with a sample graph.

  npm start
  npm start -- [options]`

await runLocal(() => readLocalOptions(USAGE), start)

async function start(run: LocalRun, options: LocalOptions): Promise<void> {
  const { signal } = run.shutdown
  await assertPortFree(HOST, options.port)
  console.log(`Starting Tendril; its data is in ${run.folder}.`)
  const shown = phases(process.stdout)
  const parts = await startParts(run, shown)
  signal.throwIfAborted()
  const server = await shown.run('worker', () => serve(run, options.port, parts))
  signal.throwIfAborted()
  await welcome(shown, { ...options, baseUrl: server.url, folder: run.folder })
  await run.shutdown.requested
}

type Parts = {
  readonly stack: Stack
  readonly bundle: Bundle
  readonly startServer: (options: ServerOptions) => Promise<Server>
  readonly startCrons: typeof startCrons
}

/** PostgreSQL and the bundle at once: the one waits for the disk while the other computes. */
async function startParts(run: LocalRun, shown: Phases): Promise<Parts> {
  const stack = shown.run('databases', async () => {
    const started = await startStack(run.stackOptions)
    run.shutdown.defer(() => started.stop())
    return started
  })
  const bundle = shown.run('bundle', () => bundleWorker(join(run.folder, 'build')))
  // Loading wrangler and Miniflare takes half a second that need not be waited for.
  const server = import('./local/server.ts')
  const crons = import('./local/crons.ts')
  // All are over before a failure of one is passed on, so that what has started gets stopped.
  await Promise.allSettled([stack, bundle, server, crons])
  const { startServer } = await server
  const { startCrons } = await crons
  return { stack: await stack, bundle: await bundle, startServer, startCrons }
}

async function serve({ folder, lock, log, shutdown }: LocalRun, port: number, parts: Parts) {
  function onLog(line: string, level: 'info' | 'error'): void {
    log.write(line)
    if (level === 'error' && !shutdown.signal.aborted) console.error(line)
  }
  const server = await parts.startServer({
    port,
    host: HOST,
    bindings: parts.stack.bindings,
    persistDir: join(folder, 'objects'),
    bundle: parts.bundle,
    onLog,
    onRuntime: (pid) => lock.setChildren([pid]),
  })
  shutdown.defer(() => server.stop())
  const runCron = (cron: string) => server.runCron(cron)
  shutdown.defer(parts.startCrons(runCron, (line) => onLog(line, 'error')))
  return server
}
