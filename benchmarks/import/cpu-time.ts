import { readdirSync, readFileSync } from 'node:fs'
import pg from 'pg'

/** Milliseconds of CPU by part: what bounds a load on a machine whose cores all parts share. */
export type CpuTimes = Readonly<Record<string, number>>

/** One tick of /proc, on every Linux that anybody runs. */
const TICK_MS = 10

/**
 * Reads the CPU time that a process and all children it has or had took, in milliseconds. 0 where
 * there is no /proc.
 */
export function cpuMsOf(pid: number): number {
  for (;;) {
    const before = statOf(pid)
    const childrenMs = childrenOf(pid).reduce((sum, child) => sum + (statOf(child)?.ms ?? 0), 0)
    const after = statOf(pid)
    if (!before || !after) return 0
    // Otherwise a child has ended meanwhile, and would count twice or not at all.
    if (before.endedChildrenMs === after.endedChildrenMs) {
      return after.ms + after.endedChildrenMs + childrenMs
    }
  }
}

/** The process that all of a PostgreSQL's are children of; `url` is one of its databases. */
export async function postmasterPid(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    return statOf(rows[0]?.pid ?? 0)?.parent ?? 0
  } finally {
    await client.end()
  }
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((each) => statOf(each)?.parent === pid)
}

/** See proc_pid_stat(5); the name, in parentheses, may hold anything. */
function statOf(pid: number) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const [parent = 0] = fields.slice(1)
    const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11)
    return {
      parent,
      ms: (user + system) * TICK_MS,
      endedChildrenMs: (childUser + childSystem) * TICK_MS,
    }
  } catch {
    // It has ended meanwhile, or this is no Linux.
    return null
  }
}
