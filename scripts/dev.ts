import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startCrons } from './local/crons.ts'
import { killTree } from './local/kill-tree.ts'
import { HOST, type LocalOptions, readLocalOptions } from './local/local-options.ts'
import { phases } from './local/phases.ts'
import { assertPortFree } from './local/port.ts'
import { type LocalRun, runLocal } from './local/run-local.ts'
import { type StackBindings, startStack } from './local/stack.ts'
import { UserError } from './local/user-error.ts'
import { welcome } from './local/welcome.ts'
import { ROOT, WRANGLER, wranglerEnv } from './local/wrangler.ts'

const USAGE = `Runs Tendril like \`npm start\`, but in \`wrangler dev\`: it reloads when the code changes, and is slower.

  npm run dev
  npm run dev -- [options]`

const POLL_INTERVAL_MS = 100
const STOP_LIMIT_MS = 5_000

await runLocal(() => readLocalOptions(USAGE), dev)

async function dev(run: LocalRun, options: LocalOptions): Promise<void> {
  await assertPortFree(HOST, options.port)
  const shown = phases(process.stdout)
  const stack = await shown.run('databases', () => startStack(run.stackOptions))
  run.shutdown.defer(() => stack.stop())
  run.shutdown.signal.throwIfAborted()
  const ended = startWrangler(run, options.port, stack.bindings)
  await Promise.race([ended, untilHealthy(options.url, run.shutdown.signal)])
  run.shutdown.defer(startCrons((cron) => runCron(options.url, cron), console.error))
  await welcome(shown, { ...options, baseUrl: options.url, folder: run.folder })
  await Promise.race([ended, run.shutdown.requested])
}

/** Rejects when wrangler ends by itself. */
function startWrangler(run: LocalRun, port: number, bindings: StackBindings): Promise<never> {
  const variables = join(run.folder, 'dev.env')
  // A file, for the arguments of a process can be read by everybody on the machine.
  const lines = Object.entries(bindings).map(([name, value]) => `${name}='${value}'\n`)
  writeFileSync(variables, lines.join(''), { mode: 0o600 })
  const flags = {
    ip: HOST,
    port,
    'inspector-port': 0,
    'env-file': variables,
    'persist-to': join(run.folder, 'wrangler'),
    'show-interactive-dev-session': false,
  }
  const child = spawn(
    process.execPath,
    [WRANGLER, 'dev', '--local', ...Object.entries(flags).map(([name, v]) => `--${name}=${v}`)],
    // In a group of its own: we decide when it stops, and can end all of it at once.
    { cwd: ROOT, env: wranglerEnv(), stdio: ['ignore', 'inherit', 'inherit'], detached: true },
  )
  const { pid } = child
  if (pid !== undefined) run.lock.setChildren([pid])
  const closed = once(child, 'exit')
  run.shutdown.defer(async () => {
    if (pid === undefined) return
    child.kill('SIGTERM')
    await Promise.race([closed, delay(STOP_LIMIT_MS)])
    killTree(pid)
  })
  return closed.then(([code]) => {
    throw new UserError(`wrangler dev ended (code ${code}); what it said is above.`)
  })
}

/** By the door that `wrangler dev` has for it. */
async function runCron(url: string, cron: string): Promise<void> {
  const query = new URLSearchParams({ cron })
  const response = await fetch(`${url}/cdn-cgi/handler/scheduled?${query}`)
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
}

async function untilHealthy(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    const response = await fetch(`${url}/health`, { signal }).catch(() => {
      // Refused until wrangler listens.
    })
    if (response?.ok) return
    await delay(POLL_INTERVAL_MS)
  }
}
