import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { killTree } from '../../scripts/local/kill-tree.ts'
import { LOCK_FILE } from '../../scripts/local/lock.ts'
import { removePostgres } from '../../scripts/local/postgres.ts'
import { isRunning, type ProcessMark } from '../../scripts/local/process-start.ts'
import { postgresFolder } from '../../scripts/local/stack.ts'

const SCRIPT = join(import.meta.dirname, '../../scripts/start.ts')
const NO_STACK = /^\s+at /m

let folder: string
let port: number
let running: ChildProcess | undefined

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tendril-start-'))
  // As root, PostgreSQL runs as another user and must pass through.
  chmodSync(folder, 0o711)
  port = await freePort()
})
afterAll(async () => {
  if (running) await stop(running)
  // Both do nothing unless a test failed between a kill and the next start.
  if (existsSync(join(folder, LOCK_FILE))) for (const { pid } of children()) killTree(pid)
  await removePostgres(postgresFolder(folder))
  rmSync(folder, { recursive: true, force: true })
})

it('npm start works, refuses a second one, survives kill -9 and stops without a trace', async () => {
  const first = await start()
  expect(await curlLines(first.output)).toEqual([201, 200, 200])

  const second = await refusal(['--port', String(await freePort())])
  expect(second).toContain(`process ${first.child.pid}, serving http://127.0.0.1:${port}`)
  const elsewhere = await refusal(['--port', String(port)], `${folder}/other`)
  expect(elsewhere).toBe(
    `Port ${port} is taken by another program; choose another one with --port.\n`,
  )

  const left = children()
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')
  expect(left.map(isRunning)).toEqual([true])

  const again = await start()
  expect(left.map(isRunning)).toEqual([false])
  expect(keyIn(again.output)).toBe(keyIn(first.output))

  const runtime = children()
  expect(await stop(again.child)).toBe(0)
  expect(runtime.map(isRunning)).toEqual([false])
  expect(existsSync(join(folder, LOCK_FILE))).toBe(false)
  await freePort(port)
})

it.each([
  [['--prot', '9000'], "Unknown option '--prot' (try --help)\n"],
  [['--port', 'http'], '--port must be a number from 1 to 65535, not "http".\n'],
])('%s is answered with a sentence', async (flags, sentence) => {
  expect(await refusal(flags)).toBe(sentence)
})

/** Starts it without the sample, which would take a second more. */
async function start(): Promise<{ child: ChildProcess; output: string }> {
  const { child, output } = launch(['--port', String(port), '--no-sample'], folder)
  running = child
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', () => output().includes('Ctrl-C stops') && resolve())
    child.once('exit', () => reject(new Error(output())))
  })
  return { child, output: output() }
}

/** What it says when it does not start. */
async function refusal(flags: readonly string[], dataDir = folder): Promise<string> {
  const { child, output } = launch(flags, dataDir)
  const [code] = await once(child, 'exit')
  expect(code).toBe(1)
  expect(output()).not.toMatch(NO_STACK)
  return output()
}

function launch(flags: readonly string[], dataDir: string) {
  const { TENDRIL_PG_URL: _, ...env } = process.env
  const child = spawn(process.execPath, [SCRIPT, ...flags], {
    env: { ...env, TENDRIL_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
  }
  return { child, output: () => text }
}

async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const [code] = await exited
  return code
}

/** The processes that would outlive the start if it were killed. */
function children(): ProcessMark[] {
  return JSON.parse(readFileSync(join(folder, LOCK_FILE), 'utf8')).children
}

function keyIn(output: string): string | undefined {
  return /API key\s+(\S+)/.exec(output)?.[1]
}

/** Pastes the lines that it printed into a shell, and returns the statuses they got. */
async function curlLines(output: string): Promise<number[]> {
  const lines = output.match(/(?<=^ {2})curl .*$/gm) ?? []
  const statuses: number[] = []
  for (const line of lines) {
    const shell = spawn('sh', ['-c', `${line} -s -o /dev/null -w '%{http_code}'`])
    const [status] = await once(shell.stdout, 'data')
    statuses.push(Number(status))
  }
  return statuses
}

async function freePort(wanted = 0): Promise<number> {
  const probe = createServer().listen(wanted, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no TCP address')
  return address.port
}
