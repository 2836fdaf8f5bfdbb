import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { killTree } from './kill-tree.ts'
import { isRunning, markProcess, type ProcessMark } from './process-start.ts'
import { UserError } from './user-error.ts'

type Content = {
  readonly owner: ProcessMark
  /** Where the owner serves, for the sentence a second start gets. */
  readonly url: string
  /** Processes of the owner that outlive it when it is killed. */
  readonly children: readonly ProcessMark[]
}

export type Lock = {
  /** Remembers the running processes with these pids in place of those remembered before. */
  setChildren(pids: readonly number[]): void
  release(): void
}

export const LOCK_FILE = 'lock.json'

// A killed process is gone within milliseconds, unless it waits for a disk.
const KILL_LIMIT_MS = 5_000
const POLL_INTERVAL_MS = 10

/**
 * Makes this process the only one that works on `folder`, ending what a killed one left running.
 * Rejects with a UserError that names the pid when another process does.
 */
export async function takeLock(folder: string, url: string): Promise<Lock> {
  const path = join(folder, LOCK_FILE)
  const owner = markProcess(process.pid) ?? { pid: process.pid, startedAt: '' }
  const draft = `${path}.${process.pid}`
  write(draft, { owner, url, children: [] })
  try {
    // Linking a finished file is atomic and never shows half of one.
    while (!link(draft, path)) await clearStale(folder, path)
  } finally {
    rmSync(draft, { force: true })
  }
  return {
    setChildren(pids) {
      const children = pids.flatMap((pid) => markProcess(pid) ?? [])
      write(draft, { owner, url, children })
      renameSync(draft, path)
    },
    release: () => rmSync(path, { force: true }),
  }
}

/** Removes a lock whose owner is dead. Rejects when the owner is alive. */
async function clearStale(folder: string, path: string): Promise<void> {
  const found = read(path)
  if (found && isRunning(found.owner)) throw inUse(folder, found)
  const aside = `${path}.stale-${process.pid}`
  if (!rename(path, aside)) return
  const moved = read(aside)
  if (moved && isRunning(moved.owner)) {
    // Another start cleared the same stale lock and took its own between our two looks.
    link(aside, path)
    rmSync(aside)
    throw inUse(folder, moved)
  }
  rmSync(aside)
  for (const child of moved?.children ?? []) await end(child)
}

async function end(child: ProcessMark): Promise<void> {
  const deadline = Date.now() + KILL_LIMIT_MS
  while (isRunning(child) && Date.now() < deadline) {
    killTree(child.pid)
    await delay(POLL_INTERVAL_MS)
  }
}

function inUse(folder: string, { owner, url }: Content): UserError {
  return new UserError(
    `Tendril already runs on ${folder}: process ${owner.pid}, serving ${url}. ` +
      `Stop it first, with Ctrl-C in its terminal or with \`kill ${owner.pid}\`.`,
  )
}

function write(path: string, content: Content): void {
  writeFileSync(path, JSON.stringify(content), { mode: 0o600 })
}

/** Undefined when there is no lock, or none that this module wrote. */
function read(path: string): Content | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    // ENOENT, or a file cut off by a full disk.
    return undefined
  }
}

function link(from: string, to: string): boolean {
  return unless('EEXIST', () => linkSync(from, to))
}

function rename(from: string, to: string): boolean {
  return unless('ENOENT', () => renameSync(from, to))
}

/** Whether `act` did it; false for the expected failure, any other is thrown. */
function unless(code: string, act: () => void): boolean {
  try {
    act()
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === code) return false
    throw error
  }
}
