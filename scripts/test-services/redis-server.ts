import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../local/free-port.ts'
import { UserError } from '../local/user-error.ts'

export type RedisServer = {
  /** For the person at the terminal: name, version and place. */
  readonly description: string
  /** What tells the tests where it is. */
  readonly env: { readonly TENDRIL_REDIS_URL: string }
  stop(): Promise<void>
}

export type RedisServerOptions = {
  /** An existing folder; the server works in one of its own below it. */
  readonly folder: string
  /** Name or path of the program; default `redis-server`, as the PATH has it. */
  readonly program?: string
  /** Receives what the server says. */
  readonly onLog?: (line: string) => void
}

const HOST = '127.0.0.1'
const START_LIMIT_MS = 30_000
const STOP_LIMIT_MS = 10_000

// A free port can be lost between finding and using it.
const MAX_START_ATTEMPTS = 5

/**
 * The Redis that TENDRIL_REDIS_URL names, else one of this machine, on a free port and with a
 * password of its own, that keeps nothing on disk and ends with this process. Rejects with a
 * UserError, which says what to install, when there is none.
 */
export async function startRedisServer(options: RedisServerOptions): Promise<RedisServer> {
  const url = process.env.TENDRIL_REDIS_URL
  if (url) {
    // Whoever uses it finds out whether it answers.
    const place = URL.canParse(url) ? new URL(url).host : 'an unreadable URL'
    const env = { TENDRIL_REDIS_URL: url }
    return { description: `Redis at ${place}`, env, stop: async () => {} }
  }
  const folder = await mkdtemp(join(options.folder, 'redis-'))
  for (let attempt = 1; ; attempt++) {
    const outcome = await launch(folder, options)
    if (typeof outcome !== 'string') return outcome
    const passes = outcome.includes('Address already in use')
    if (!passes || attempt === MAX_START_ATTEMPTS) {
      throw new UserError(`redis-server does not start: ${outcome.trim()}`)
    }
  }
}

/** Starts the program once; returns what it said when it ended before it was ready. */
async function launch(
  folder: string,
  { program = 'redis-server', onLog = () => {} }: RedisServerOptions,
): Promise<RedisServer | string> {
  const port = await freePort()
  const password = randomBytes(24).toString('hex')
  // Its own process group, so Ctrl-C reaches only us and we choose when it stops.
  const child = spawn(program, ['-'], { stdio: ['pipe', 'pipe', 'pipe'], detached: true })
  const state = { output: '', version: 'of unknown version' }
  const closed = whenClosed(child, program)
  child.stdin.on('error', () => {
    // EPIPE, when it ended at once: `closed` tells why.
  })
  // Settings by the standard input: arguments can be read by everybody on the machine.
  child.stdin.end(settings({ port, password, folder }))
  const ready = new Promise<'ready'>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        onLog(line)
        state.output += `${line}\n`
        state.version = /Redis version=([\w.]+)/.exec(line)?.[1] ?? state.version
        if (line.includes('Ready to accept connections')) resolve('ready')
      })
    }
  })
  const kill = () => child.kill('SIGKILL')
  // A process.exit() that skips stop() still ends it.
  process.once('exit', kill)
  void closed.finally(() => process.off('exit', kill)).catch(() => {})
  const limit = delay(START_LIMIT_MS, 'late', { ref: false })
  if ((await Promise.race([ready, closed, limit])) !== 'ready') {
    kill()
    return state.output || 'it ended without a word'
  }
  return {
    description: `Redis ${state.version} from ${program}`,
    env: { TENDRIL_REDIS_URL: `redis://:${password}@${HOST}:${port}` },
    async stop() {
      child.kill('SIGTERM')
      const late = delay(STOP_LIMIT_MS, 'late', { ref: false })
      if ((await Promise.race([closed, late])) === 'late') kill()
      await closed
    },
  }
}

/** Rejects with a UserError when there is no such program. */
function whenClosed(child: ChildProcess, program: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('close', () => resolve())
    child.once('error', (cause) => {
      const isMissing = 'code' in cause && cause.code === 'ENOENT'
      reject(
        new UserError(
          isMissing
            ? `There is no ${program} on this machine. On Debian or Ubuntu: \`apt-get install redis-server\`. ` +
                'Or set TENDRIL_REDIS_URL to the URL of a running Redis that the tests may empty.'
            : `${program} cannot be run: ${cause.message}`,
          { cause },
        ),
      )
    })
  })
}

function settings(server: { port: number; password: string; folder: string }): string {
  return [
    `bind ${HOST}`,
    `port ${server.port}`,
    `requirepass ${server.password}`,
    `dir "${server.folder}"`,
    'databases 16',
    'save ""',
    'appendonly no',
    'daemonize no',
    'logfile ""',
    '',
  ].join('\n')
}
