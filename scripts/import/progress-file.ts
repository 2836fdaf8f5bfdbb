import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { MAX_BATCH_BYTES, MAX_BATCH_ROWS } from './batches.ts'
import type { ImportOptions } from './options.ts'
import type { Source } from './source.ts'

const counts = z.object({
  rows: z.number(),
  created: z.number(),
  updated: z.number(),
  unchanged: z.number(),
  refused: z.number(),
})
export type Counts = z.infer<typeof counts>

const progress = z.object({
  /** Size and time of the file when it was read: another file starts anew. */
  sizeBytes: z.number(),
  mtimeMs: z.number(),
  /** Part of every request's key: a resumed import sends the same ones. */
  runId: z.string(),
  pass: z.enum(['entity', 'relationship']),
  /** Rows of the pass that the server has answered for. */
  rowsDone: z.number(),
  counts,
  /** Bytes of the file of refused rows that belong to those. */
  errorsBytes: z.number(),
})

export type Progress = z.infer<typeof progress>

export function newProgress({ sizeBytes, mtimeMs }: Source): Progress {
  return {
    ...{ sizeBytes, mtimeMs, runId: randomUUID(), pass: 'entity', rowsDone: 0, errorsBytes: 0 },
    counts: { rows: 0, created: 0, updated: 0, unchanged: 0, refused: 0 },
  }
}

/** Where the progress of one file into one graph is kept; what decides about its rows tells it apart. */
export function progressPath(options: ImportOptions): string {
  const { file, target, format, kind, type, relationshipType, map, unmapped, infer } = options
  const name = createHash('sha256').update(
    JSON.stringify([
      ...[resolve(file), target.baseUrl, target.graph, format],
      ...[kind, type, relationshipType, [...map], unmapped, infer],
      // Requests of other bounds would begin elsewhere.
      ...[MAX_BATCH_ROWS, MAX_BATCH_BYTES],
    ]),
  )
  return join('.tendril', 'imports', `${name.digest('hex').slice(0, 16)}.json`)
}

/** How far an interrupted import of this file came; `null`: none, or the file has changed since. */
export async function loadProgress(path: string, source: Source): Promise<Progress | null> {
  try {
    const saved = progress.parse(JSON.parse(await readFile(path, 'utf8')))
    const isSame = saved.sizeBytes === source.sizeBytes && saved.mtimeMs === source.mtimeMs
    return isSame ? saved : null
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
