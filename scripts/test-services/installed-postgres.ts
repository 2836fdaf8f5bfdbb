import { spawnSync } from 'node:child_process'
import { globSync, realpathSync } from 'node:fs'
import { delimiter, dirname } from 'node:path'
import { programsIn } from '../local/postgres-binaries.ts'
import { UserError } from '../local/user-error.ts'

/** A PostgreSQL of this machine: its major version and the folder with its programs. */
export type InstalledPostgres = { readonly version: number; readonly programs: string }

/** Debian and Ubuntu, Red Hat, Homebrew on both kinds of Mac, and what `make install` takes. */
const USUAL_FOLDERS = [
  '/usr/lib/postgresql/*/bin',
  '/usr/pgsql-*/bin',
  '/opt/homebrew/opt/postgresql@*/bin',
  '/usr/local/opt/postgresql@*/bin',
  '/usr/local/pgsql/bin',
]

/**
 * The PostgreSQL to test on: of the major version `wanted`, else the newest that is installed.
 * Throws a UserError, which says what to install, when there is none.
 */
export function findPostgres(wanted?: number): InstalledPostgres {
  const installed = installedPostgres()
  const found = wanted ? installed.find(({ version }) => version === wanted) : installed[0]
  if (found) return found
  const there = [...new Set(installed.map(({ version }) => version))].join(', ')
  throw new UserError(
    `No PostgreSQL ${wanted ? `${wanted} ` : ''}server is installed on this machine` +
      `${there ? ` (there is: ${there})` : ''}. On Debian or Ubuntu: ` +
      `\`apt-get install ${wanted ? `postgresql-${wanted}` : 'postgresql'}\`. ` +
      'Or set TENDRIL_PG_URL to the URL of a running one, as a superuser.',
  )
}

/** Newest first. */
function installedPostgres(): InstalledPostgres[] {
  const folders = new Set([...USUAL_FOLDERS.flatMap((folder) => globSync(folder)), ...onPath()])
  return [...folders]
    .flatMap((programs) => {
      const version = versionOf(programs)
      return version === undefined ? [] : [{ version, programs }]
    })
    .sort((a, b) => b.version - a.version)
}

/** What pg_config names, and the folders of the PATH: `postgres` may be a link to elsewhere. */
function onPath(): string[] {
  const { stdout } = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' })
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const linked = folders
    .flatMap((folder) => globSync('postgres', { cwd: folder }).map((name) => `${folder}/${name}`))
    .map((program) => dirname(realpathSync(program)))
  return stdout?.trim() ? [stdout.trim(), ...linked] : linked
}

/** Undefined when a program is missing or does not run. */
function versionOf(programs: string): number | undefined {
  const [initdb, postgres] = Object.values(programsIn(programs)).map((program) => {
    const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' })
    return Number(/\(PostgreSQL\) (\d+)/.exec(stdout ?? '')?.[1])
  })
  return initdb === postgres ? postgres || undefined : undefined
}
