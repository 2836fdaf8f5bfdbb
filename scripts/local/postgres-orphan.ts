import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { UserError } from './user-error.ts'

type Process = { readonly parent: number; readonly commandLine: string }

const POLL_INTERVAL_MS = 20
const FAST_SHUTDOWN_MS = 30_000
const IMMEDIATE_SHUTDOWN_MS = 10_000

/** The cluster name a server is started with; it tells a later start which process owns it. */
export function clusterName(ownerPid: number): string {
  return `tendril-${ownerPid}`
}

/**
 * Stops a PostgreSQL that outlived the process which started it on `dataDir` (after a kill -9).
 * Rejects with a UserError when its owner is alive, or when it does not stop within 40 seconds.
 */
export async function stopOrphan(dataDir: string, onLog: (line: string) => void): Promise<void> {
  const pidFile = join(dataDir, 'postmaster.pid')
  const pid = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10)
  if (!(pid > 0)) return
  const found = await inspect(pid)
  if (found === undefined) return
  if (!isServerOf(dataDir, found)) {
    // PostgreSQL would take whatever has this pid now, another program or a zombie, for a server.
    await rm(pidFile, { force: true })
    return
  }
  if (ownerOf(found) === found.parent) throw inUse(dataDir, found.parent)
  onLog(`Stopping the PostgreSQL (process ${pid}) that an earlier run left on ${dataDir}.`)
  if (await endProcess(pid, dataDir, 'SIGINT', FAST_SHUTDOWN_MS)) return
  if (await endProcess(pid, dataDir, 'SIGQUIT', IMMEDIATE_SHUTDOWN_MS)) return
  throw new UserError(`PostgreSQL (process ${pid}) still runs on ${dataDir} and does not stop.`)
}

/** The sentence for a folder that a living process works on. */
export function inUse(dataDir: string, owner?: number): UserError {
  const who = owner === undefined ? 'another process' : `process ${owner}`
  return new UserError(`The PostgreSQL data folder ${dataDir} is in use by ${who}; stop it first.`)
}

async function endProcess(
  pid: number,
  dataDir: string,
  signal: NodeJS.Signals,
  limitMs: number,
): Promise<boolean> {
  const deadline = Date.now() + limitMs
  process.kill(pid, signal)
  while (Date.now() < deadline) {
    const found = await inspect(pid)
    if (found === undefined || !isServerOf(dataDir, found)) return true
    await delay(POLL_INTERVAL_MS)
  }
  return false
}

function isServerOf(dataDir: string, { commandLine }: Process): boolean {
  return /\bpostgres(\.exe)?\s/.test(commandLine) && commandLine.includes(` -D ${dataDir} `)
}

/** Who started the server. Its parent is someone else once that process has died. */
function ownerOf({ commandLine }: Process): number {
  return Number(/ cluster_name=tendril-(\d+)/.exec(commandLine)?.[1])
}

/** What runs under this pid, with an empty command line for a zombie; undefined for nothing. */
async function inspect(pid: number): Promise<Process | undefined> {
  return (await inspectProc(pid)) ?? (process.platform === 'linux' ? undefined : inspectPs(pid))
}

async function inspectProc(pid: number): Promise<Process | undefined> {
  try {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8')
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    const parent = Number(/^PPid:\s*(\d+)/m.exec(status)?.[1])
    return { parent, commandLine: commandLine.replaceAll('\0', ' ') }
  } catch {
    // ENOENT: no such process, or no /proc on this system.
    return undefined
  }
}

async function inspectPs(pid: number): Promise<Process | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'ppid=,args=', '-p', `${pid}`])
    const [, parent, commandLine] = /^\s*(\d+)\s+(.*)$/m.exec(stdout) ?? []
    return commandLine === undefined ? undefined : { parent: Number(parent), commandLine }
  } catch {
    // ps exits with 1 when there is no such process; Windows has no ps.
    return undefined
  }
}
