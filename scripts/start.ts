import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Bundle, bundleWorker } from './local/bundle.ts'
import { type Demo, demoTenant, markSampleLoaded } from './local/demo.ts'
import { nextSteps } from './local/next-steps.ts'
import { type Phases, phases, seconds } from './local/phases.ts'
import { assertPortFree, parsePort } from './local/port.ts'
import { type LocalRun, runLocal } from './local/run-local.ts'
import { startServer } from './local/server.ts'
import { type Stack, startStack } from './local/stack.ts'
import { UserError } from './local/user-error.ts'

const HELP = `Runs Tendril on this machine: PostgreSQL, the worker, and a demo tenant with a sample graph.

  npm start
  npm start -- [options]

  --port <port>  where to serve on 127.0.0.1      default 8787
  --fresh        delete all local data first
  --no-sample    do not load the sample graph
  --help         this text

  TENDRIL_DIR     folder for all data              default .tendril in the project
  TENDRIL_PG_URL  use this PostgreSQL 16+ in place of the embedded one; its role may create
                  databases and roles (tendril_catalog, tendril_shard_1; tendril_owner, tendril_app)

Ctrl-C stops all of it. The data stays, and the next start goes on with it.`

const HOST = '127.0.0.1'

await runLocal(readOptions, start)

function readOptions() {
  const values = readArguments()
  if (values.help) {
    console.log(HELP)
    return undefined
  }
  const port = parsePort(values.port)
  return { port, url: `http://${HOST}:${port}`, fresh: values.fresh, sample: values.sample }
}

function readArguments() {
  try {
    return parseArgs({
      allowNegative: true,
      options: {
        port: { type: 'string', default: '8787' },
        fresh: { type: 'boolean', default: false },
        sample: { type: 'boolean', default: true },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    // parseArgs throws for unknown options, with a message that names them.
    throw new UserError(`${error instanceof Error ? error.message : error} (try --help)`)
  }
}

type Options = NonNullable<ReturnType<typeof readOptions>>

async function start(run: LocalRun, options: Options): Promise<void> {
  const { signal } = run.shutdown
  await assertPortFree(HOST, options.port)
  console.log(`Starting Tendril; its data is in ${run.folder}.`)
  const shown = phases(process.stdout)
  const { stack, bundle } = await startParts(run, shown)
  signal.throwIfAborted()
  const server = await shown.run('worker', () => serve(run, options, stack, bundle))
  signal.throwIfAborted()
  const file = join(run.folder, 'demo.json')
  let demo = await shown.run('demo tenant', () => demoTenant(server.url, file))
  if (options.sample && !demo.hasSample) {
    await shown.run('sample graph', (report) => load(server.url, demo, report))
    demo = markSampleLoaded(file, demo)
  }
  console.log(`Ready after ${seconds(performance.now())}.`)
  console.log(await nextSteps(server.url, demo))
  await untilAborted(signal)
}

/** PostgreSQL and the bundle at once: the one waits for the disk while the other computes. */
async function startParts(run: LocalRun, shown: Phases): Promise<{ stack: Stack; bundle: Bundle }> {
  const stack = shown.run('databases', async () => {
    const started = await startStack(run.stackOptions)
    run.shutdown.defer(() => started.stop())
    return started
  })
  const bundle = shown.run('bundle', () => bundleWorker(join(run.folder, 'build')))
  // Both are over before a failure of one is passed on, so that what has started gets stopped.
  await Promise.allSettled([stack, bundle])
  return { stack: await stack, bundle: await bundle }
}

async function serve(
  { folder, lock, log, shutdown }: LocalRun,
  { port }: Options,
  stack: Stack,
  bundle: Bundle,
) {
  const server = await startServer({
    port,
    host: HOST,
    bindings: stack.bindings,
    persistDir: join(folder, 'objects'),
    bundle,
    onLog(line, level) {
      log.write(line)
      if (level === 'error' && !shutdown.signal.aborted) console.error(line)
    },
    onRuntime: (pid) => lock.setChildren([pid]),
  })
  shutdown.defer(() => server.stop())
  return server
}

async function load(
  baseUrl: string,
  demo: Demo,
  report: (progress: string) => void,
): Promise<void> {
  const { loadSample } = await import('./sample.ts')
  await loadSample(baseUrl, demo.apiKey, (done, total) => {
    report(`${done.toLocaleString('en')} of ${total.toLocaleString('en')} rows`)
  })
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve())
  })
}
