import { appendFileSync } from 'node:fs'
import { dataFolder, emptyDataFolder, type LogFile, openLog } from './data-folder.ts'
import { explain } from './explain.ts'
import type { LocalOptions } from './local-options.ts'
import { type Lock, takeLock } from './lock.ts'
import { type Shutdown, takeSignals } from './shutdown.ts'
import type { StackOptions } from './stack.ts'

export type LocalRun = {
  readonly folder: string
  readonly lock: Lock
  readonly log: LogFile
  readonly shutdown: Shutdown
  /** What startStack needs to know. */
  readonly stackOptions: StackOptions
}

/**
 * The frame of `npm start` and `npm run dev`: reads the options, takes the data folder, does
 * `work`, stops whatever that deferred, and ends the process. The person at the terminal gets
 * sentences; a stack trace goes to the log. `readOptions` returns undefined when there is nothing
 * to run.
 */
export async function runLocal(
  readOptions: () => LocalOptions | undefined,
  work: (run: LocalRun, options: LocalOptions) => Promise<void>,
): Promise<never> {
  const shutdown = takeSignals()
  let logPath: string | undefined
  let exitCode = 0
  try {
    const options = readOptions()
    if (options !== undefined) {
      const run = await open(shutdown, options)
      logPath = run.log.path
      await work(run, options)
    }
  } catch (error) {
    // A Ctrl-C reaches every process of this terminal, so parts of a start may fail because of it.
    if (!shutdown.signal.aborted) {
      report(error, logPath)
      exitCode = 1
    }
  }
  await shutdown.stopAll()
  if (shutdown.signal.aborted) console.log('Stopped.')
  process.exit(exitCode)
}

async function open(shutdown: Shutdown, { url, fresh }: LocalOptions): Promise<LocalRun> {
  const folder = dataFolder()
  const postgresUrl = process.env.TENDRIL_PG_URL || undefined
  const redisUrl = process.env.TENDRIL_REDIS_URL || undefined
  const lock = await takeLock(folder, url)
  shutdown.defer(() => lock.release())
  if (fresh) await emptyDataFolder(folder, postgresUrl)
  const log = openLog(folder)
  shutdown.defer(() => log.close())
  function onLog(line: string): void {
    log.write(line)
    // PostgreSQL's own lines begin with a time; the others say what the person should know.
    if (!/^\d{4}-\d\d-\d\d /.test(line) && !shutdown.signal.aborted) console.log(`  ${line}`)
  }
  return {
    folder,
    lock,
    log,
    shutdown,
    stackOptions: { dataDir: folder, onLog, postgresUrl, redisUrl },
  }
}

function report(error: unknown, logPath: string | undefined): void {
  const { text, isKnown } = explain(error)
  console.error(text)
  if (isKnown || logPath === undefined || !(error instanceof Error)) return
  appendFileSync(logPath, `${error.stack}\n`)
  console.error(`The details are in ${logPath}.`)
}
