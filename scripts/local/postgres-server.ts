import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { brokenFolder, type FolderOptions } from './postgres-folder.ts'
import { clusterName, inUse } from './postgres-orphan.ts'
import { UserError } from './user-error.ts'

export type RunningServer = { readonly port: number; stop(): Promise<void> }

const HOST = '127.0.0.1'

// A crash recovery replays at most the log since the last checkpoint: seconds, not minutes.
const START_LIMIT_MS = 120_000
const STOP_LIMIT_MS = 30_000

// A free port can be lost between finding and using it, and the helpers of a server that was
// killed need a moment to notice; both pass.
const MAX_START_ATTEMPTS = 5
const RETRY_DELAY_MS = 200

const SETTINGS = {
  listen_addresses: HOST,
  // No socket file: its path has a length limit that a deep clone exceeds.
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '128MB',
  timezone: 'UTC',
  // Failed statements are answered to their client; here they would only fill the terminal.
  log_min_messages: 'log',
  log_checkpoints: 'off',
}

const FORGETFUL_SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

/**
 * Runs PostgreSQL on a whole data folder; `port` 0 takes a free one. Resolves when it accepts
 * connections, rejects with a UserError saying why it does not.
 */
export async function runServer(
  dataDir: string,
  port: number,
  options: FolderOptions,
): Promise<RunningServer> {
  for (let attempt = 1; ; attempt++) {
    const chosenPort = port === 0 ? await freePort() : port
    const outcome = await launch(dataDir, chosenPort, options)
    if (typeof outcome !== 'string') return { port: chosenPort, stop: outcome }
    const passes =
      (port === 0 && outcome.includes('could not bind')) ||
      outcome.includes('pre-existing shared memory block')
    if (!passes || attempt === MAX_START_ATTEMPTS) throw explain(dataDir, chosenPort, outcome)
    await delay(RETRY_DELAY_MS)
  }
}

function explain(dataDir: string, port: number, output: string): UserError {
  if (output.includes('could not bind')) {
    return new UserError(`PostgreSQL cannot listen on port ${port}: another program uses it.`)
  }
  if (output.includes('lock file "postmaster.pid" already exists')) return inUse(dataDir)
  const reason = /(?:FATAL|PANIC|error):\s*(.*)/i.exec(output)?.[1] ?? output.trim()
  return brokenFolder(dataDir, reason || 'PostgreSQL ended without a word')
}

/** Starts the program once; returns how to stop it, or what it said before it ended. */
async function launch(
  dataDir: string,
  port: number,
  { binaries, account, durable, onLog }: FolderOptions,
): Promise<string | (() => Promise<void>)> {
  const settings = {
    ...SETTINGS,
    ...(durable ? {} : FORGETFUL_SETTINGS),
    port: String(port),
    cluster_name: clusterName(process.pid),
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = spawn(binaries.postgres, ['-D', dataDir, ...flags], {
    ...account,
    cwd: '/',
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['ignore', 'ignore', 'pipe'],
    // Its own process group, so Ctrl-C reaches only us and we choose when the database stops.
    detached: true,
  })
  const state = { output: '', ready: false, stopping: false }
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.once('error', (error) => {
      state.output += `error: ${error.message}`
      resolve()
    })
  })
  endWithUs(child, closed)
  const ready = new Promise<void>((resolve) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      onLog(line)
      if (state.ready) return
      state.output += `${line}\n`
      state.ready = line.includes('database system is ready to accept connections')
      if (state.ready) resolve()
    })
  })
  const limit = delay(START_LIMIT_MS, 'late', { ref: false })
  const first = await Promise.race([ready, closed, limit])
  if (!state.ready) {
    child.kill('SIGQUIT')
    return first === 'late' ? 'error: it was not ready in time' : state.output
  }
  closed.then(() => {
    if (!state.stopping) onLog('PostgreSQL ended unexpectedly.')
  })
  return stopper(child, closed, () => {
    state.stopping = true
  })
}

/** A process.exit() that skips stop() still ends the database; kill -9 leaves it to stopOrphan. */
function endWithUs(child: ChildProcess, closed: Promise<void>): void {
  const interrupt = () => child.kill('SIGINT')
  process.once('exit', interrupt)
  closed.then(() => process.off('exit', interrupt))
}

function stopper(child: ChildProcess, closed: Promise<void>, onStop: () => void) {
  return async () => {
    onStop()
    child.kill('SIGINT')
    const limit = delay(STOP_LIMIT_MS, 'late', { ref: false })
    if ((await Promise.race([closed, limit])) === 'late') child.kill('SIGQUIT')
    await closed
  }
}
