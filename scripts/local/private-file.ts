import { renameSync, writeFileSync } from 'node:fs'

/** Writes JSON that only this user may read; a crash leaves the old file or the new one, whole. */
export function writePrivate(path: string, value: unknown): void {
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })
  renameSync(draft, path)
}
