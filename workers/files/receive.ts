import { AppError } from '../../core/errors.ts'
import type { FileStore, PartsUpload } from './file-store.ts'

/** All parts of an upload but the last have this size: more of them would be more requests. */
export const PART_BYTES = 8 * 1024 * 1024

export type Received = {
  readonly bytes: number
  /** Of the content, however it came in pieces: the same for the same bytes only. */
  readonly digest: string
}

/**
 * Writes a stream to a file, a part in memory at a time. `key` null: it is only read, for its digest.
 * Throws `payload_too_large` above `maxBytes`, and leaves no file then.
 */
export async function receive(
  files: FileStore,
  key: string | null,
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
): Promise<Received> {
  let upload: PartsUpload | null = null
  let bytes = 0
  const digests: string[] = []
  let last: Uint8Array | null = null
  try {
    for await (const part of inParts(stream)) {
      bytes += part.length
      if (bytes > maxBytes) {
        throw new AppError('payload_too_large', `an upload may have at most ${maxBytes} bytes`)
      }
      digests.push(await hexDigest(part))
      if (key !== null && last) {
        upload ??= await files.startParts(key)
        await upload.add(last)
      }
      last = part
    }
    if (key !== null && upload === null) await files.put(key, last ?? new Uint8Array())
    else if (last) await upload?.add(last)
    await upload?.complete()
  } catch (error) {
    await upload?.abort().catch(() => {
      // Storage that is away: what was not completed is no file, and is dropped there in time.
    })
    throw error
  }
  return { bytes, digest: await hexDigest(new TextEncoder().encode(digests.join())) }
}

async function* inParts(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  let part = new Uint8Array(PART_BYTES)
  let filled = 0
  for await (const chunk of stream) {
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + PART_BYTES - filled)
      part.set(piece, filled)
      filled += piece.length
      at += piece.length
      if (filled < PART_BYTES) continue
      yield part
      part = new Uint8Array(PART_BYTES)
      filled = 0
    }
  }
  if (filled > 0) yield part.slice(0, filled)
}

async function hexDigest(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
