import { createReadStream, type ReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { UserError } from '../local/user-error.ts'

/** A file that can be read from its beginning several times, unpacked if it is gzipped. */
export type Source = {
  readonly sizeBytes: number
  readonly mtimeMs: number
  /** Share of the file that the latest reading has come to. */
  readonly share: () => number
  readonly chunks: () => AsyncGenerator<Uint8Array>
}

/** Throws a `UserError` where there is no such file. */
export async function openSource(file: string): Promise<Source> {
  const { size, mtimeMs } = await stat(file).catch(() => {
    throw new UserError(`there is no file ${file}`)
  })
  let latest: ReadStream | null = null
  return {
    sizeBytes: size,
    mtimeMs,
    share: () => (latest && size > 0 ? latest.bytesRead / size : 0),
    async *chunks() {
      const raw = createReadStream(file)
      latest = raw
      // An error of either is thrown where the last one is read.
      const stream = /\.gz$/i.test(file) ? pipeline(raw, createGunzip(), () => {}) : raw
      try {
        yield* stream
      } catch (error) {
        throw new UserError(
          `cannot read ${file}: ${error instanceof Error ? error.message : error}`,
        )
      }
    },
  }
}
