import { type FileHandle, open } from 'node:fs/promises'
import type { Refused } from './batches.ts'

/** Where refused rows go: one line each to stderr, and as NDJSON into a file if one is named. */
export type RefusedRows = {
  readonly add: (rows: readonly Refused[]) => Promise<void>
  /** Length of the file. */
  readonly bytes: () => number
  readonly close: () => Promise<void>
}

/** `keepBytes`: how much of an earlier run's file is kept; what came after it comes again. */
export async function openRefusedRows(
  path: string | null,
  keepBytes: number,
): Promise<RefusedRows> {
  let file: FileHandle | null = null
  let bytes = keepBytes
  if (path !== null) {
    file = await open(path, keepBytes > 0 ? 'a' : 'w')
    if (keepBytes > 0) await file.truncate(keepBytes)
  }
  return {
    async add(rows) {
      for (const { line, message } of rows) console.error(`line ${line}: ${message}`)
      const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('')
      if (!file || text === '') return
      await file.appendFile(text)
      bytes += Buffer.byteLength(text)
    },
    bytes: () => bytes,
    async close() {
      await file?.close()
    },
  }
}
