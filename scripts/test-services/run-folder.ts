import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { isAlive } from '../local/is-alive.ts'
import { removePostgres } from '../local/postgres.ts'

const PREFIX = 'tendril-services-'

/** Makes the folder of this run, after removing those of runs that were killed, servers and all. */
export async function makeRunFolder(): Promise<string> {
  for (const name of await readdir(tmpdir())) {
    const maker = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : 0
    if (maker > 0 && !isAlive(maker)) await removeRunFolder(join(tmpdir(), name))
  }
  const folder = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`))
  // mkdtemp lets only us in; as root, PostgreSQL runs as another user and must pass through.
  await chmod(folder, 0o711)
  await mkdir(temporaryIn(folder), { mode: 0o711 })
  return folder
}

/** Where the tests put what they need for a moment: it goes with the folder, however they end. */
export function temporaryIn(folder: string): string {
  return join(folder, 'tmp')
}

/** Deletes the folder, and first ends a PostgreSQL that still runs in it. */
export async function removeRunFolder(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (/^postgres-\d+$/.test(basename(name))) await removePostgres(join(folder, name))
  }
  await rm(folder, { recursive: true, force: true })
}
