import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import type { Target } from './post-rows.ts'

const progress = z.object({
  /** Size and time of the file when it was read: another file starts anew. */
  size: z.number(),
  mtimeMs: z.number(),
  byte: z.number(),
  line: z.number(),
})

export type Progress = z.infer<typeof progress>

/** Where the progress of one file into one graph is kept. */
export function progressPath(file: string, { baseUrl, graph }: Target): string {
  const name = createHash('sha256').update(JSON.stringify([resolve(file), baseUrl, graph]))
  return join('.tendril', 'imports', `${name.digest('hex').slice(0, 16)}.json`)
}

/** How far an interrupted import of this file came; `null`: none, or the file has changed since. */
export async function loadProgress(
  path: string,
  file: { size: number; mtimeMs: number },
): Promise<Progress | null> {
  try {
    const saved = progress.parse(JSON.parse(await readFile(path, 'utf8')))
    return saved.size === file.size && saved.mtimeMs === file.mtimeMs ? saved : null
  } catch {
    // Not there, or cut off by a kill: starting over is safe, rows are found again by external id.
    return null
  }
}

export async function saveProgress(path: string, value: Progress): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(`${path}.new`, JSON.stringify(value))
  await rename(`${path}.new`, path)
}

export async function forgetProgress(path: string): Promise<void> {
  await rm(path, { force: true })
}
