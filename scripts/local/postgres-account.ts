import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { UserError } from './user-error.ts'

/** The OS account PostgreSQL runs as, when that is not the account of this process. */
export type Account = { readonly uid: number; readonly gid: number }

/** Where root keeps what the `postgres` account must reach; survives a reboot, unlike /tmp. */
export const SHARED_ROOT = '/var/lib/tendril'

const ACCOUNT_NAME = 'postgres'

/**
 * The account to run PostgreSQL as: undefined for an ordinary user; for root, who is refused by
 * PostgreSQL, the owner of an existing data folder or else the user `postgres`, made if missing.
 * Throws a UserError when it cannot be made.
 */
export function accountFor(dataDir: string, onLog: (line: string) => void): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const owner = statSync(dataDir, { throwIfNoEntry: false })
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  const existing = findAccount()
  if (existing !== undefined) return existing
  try {
    execFileSync('useradd', ['--system', '--user-group', ACCOUNT_NAME], { stdio: 'pipe' })
  } catch (cause) {
    throw new UserError(
      'PostgreSQL refuses to run as root, and the user postgres could not be created: run this as ' +
        'an ordinary user, or set TENDRIL_PG_URL to the URL of another PostgreSQL server.',
      { cause },
    )
  }
  onLog('PostgreSQL refuses to run as root; the system user postgres was created for it.')
  return findAccount()
}

function findAccount(): Account | undefined {
  try {
    const [uid, gid] = ['-u', '-g'].map((flag) =>
      Number(execFileSync('id', [flag, ACCOUNT_NAME], { stdio: 'pipe' }).toString()),
    )
    return uid === undefined || gid === undefined ? undefined : { uid, gid }
  } catch {
    // `id` exits with 1 when there is no such user.
    return undefined
  }
}

/** Whether the account may enter the folder, or run the program, at `path`: the kernel decides. */
export function canUse(path: string, account: Account): boolean {
  const probe = spawnSync('/bin/sh', ['-c', '[ -x "$1" ]', 'sh', path], { ...account, cwd: '/' })
  return probe.status === 0
}

/**
 * The folder the data really lives in: `wanted`, or, for an account that cannot reach it (a clone
 * under /root), one below /var/lib/tendril that stays the same for the same `wanted`.
 */
export function placeData(
  wanted: string,
  account: Account | undefined,
  onLog: (line: string) => void,
): string {
  const dataDir = resolve(wanted)
  const parent = dirname(dataDir)
  mkdirSync(parent, { recursive: true })
  if (account === undefined || canUse(parent, account)) return dataDir
  const fallback = fallbackFolder(dataDir)
  for (const folder of [SHARED_ROOT, dirname(fallback)]) {
    mkdirSync(folder, { recursive: true })
    chmodSync(folder, 0o755)
  }
  onLog(
    `PostgreSQL runs as another user, who cannot enter ${parent}; the data is kept in ${fallback}.`,
  )
  return fallback
}

/** Where placeData would put data that cannot live at `wanted`. */
export function fallbackFolder(wanted: string): string {
  const key = createHash('sha256').update(resolve(wanted)).digest('hex').slice(0, 12)
  return join(SHARED_ROOT, key, basename(wanted))
}
