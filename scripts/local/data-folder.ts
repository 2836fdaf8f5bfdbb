import { createWriteStream, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { LOCK_FILE } from './lock.ts'
import { externalPostgres, removePostgres } from './postgres.ts'
import { postgresFolder } from './stack.ts'
import { dropDatabases } from './stack-databases.ts'
import { ROOT } from './wrangler.ts'

/** The folder that holds all local data: TENDRIL_DIR, or `.tendril` in the project. */
export function dataFolder(): string {
  const folder = resolve(process.env.TENDRIL_DIR || join(ROOT, '.tendril'))
  mkdirSync(folder, { recursive: true })
  return folder
}

/** Deletes everything the local stack keeps; the lock on the folder has to be held. */
export async function emptyDataFolder(
  folder: string,
  postgresUrl: string | undefined,
): Promise<void> {
  if (postgresUrl) await dropDatabases(await externalPostgres(postgresUrl))
  await removePostgres(postgresFolder(folder))
  for (const entry of readdirSync(folder)) {
    if (entry !== LOCK_FILE) rmSync(join(folder, entry), { recursive: true, force: true })
  }
}

export type LogFile = { readonly path: string; write(line: string): void; close(): Promise<void> }

/** What the parts say, for when something goes wrong; begun anew at each start. */
export function openLog(folder: string): LogFile {
  const path = join(folder, 'tendril.log')
  const stream = createWriteStream(path, { mode: 0o600 })
  // A full disk costs the log, not the server.
  stream.on('error', () => {})
  return {
    path,
    write: (line) => void stream.write(`${new Date().toISOString()} ${line}\n`),
    close: () => new Promise((done) => stream.end(done)),
  }
}
