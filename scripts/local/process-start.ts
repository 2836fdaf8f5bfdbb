import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** A process that cannot be mistaken for a later one with the same pid. */
export type ProcessMark = { readonly pid: number; readonly startedAt: string }

/** Remembers a running process. Undefined when nothing, or only a zombie, has this pid. */
export function markProcess(pid: number): ProcessMark | undefined {
  const startedAt = process.platform === 'linux' ? fromProc(pid) : fromPs(pid)
  return startedAt === undefined ? undefined : { pid, startedAt }
}

/** Whether the very process that was marked still runs. */
export function isRunning({ pid, startedAt }: ProcessMark): boolean {
  return markProcess(pid)?.startedAt === startedAt
}

/** Clock ticks from the machine's boot to the start of the process. */
function fromProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name, which may hold spaces and brackets of its own.
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' && !hasThreads(pid) ? undefined : rest[18]
  } catch {
    // ENOENT: no such process.
    return undefined
  }
}

/** A killed process is a zombie at once, but keeps its ports until its last thread has ended. */
function hasThreads(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).length > 1
}

function fromPs(pid: number): string | undefined {
  try {
    const options = { stdio: 'pipe', env: { ...process.env, LC_ALL: 'C' } } as const
    const output = execFileSync('ps', ['-o', 'lstart=', '-p', `${pid}`], options)
    return output.toString().trim() || undefined
  } catch {
    // ps exits with 1 when there is no such process; Windows has no ps.
    return undefined
  }
}
