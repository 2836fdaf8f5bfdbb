import type { JobFiles } from '../../files/job-files.ts'
import type { ImportJobParams } from './cursor.ts'

/** Bytes read at once: a stream that stays open while rows are written might not live that long. */
const WINDOW_BYTES = 4 * 1024 * 1024

/** The uploaded file from `offset` on, in windows; `onRead` is told how far it was read. */
export async function* uploadBytes(
  files: JobFiles,
  { upload, bytes }: ImportJobParams,
  offset: number,
  onRead: (offset: number) => void = () => {},
): AsyncGenerator<Uint8Array> {
  for (let at = offset; at < bytes; at += WINDOW_BYTES) {
    const length = Math.min(WINDOW_BYTES, bytes - at)
    const window = await files.read(upload, { offset: at, length })
    yield new Uint8Array(await new Response(window).arrayBuffer())
    onRead(at + length)
  }
}
