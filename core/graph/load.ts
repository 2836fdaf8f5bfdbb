import { AppError } from '../errors.ts'
import { HEADER, HEADER_BYTES, LAYOUT_VERSION, MAGIC, readPair } from './layout.ts'
import { openTopology, type Topology } from './topology.ts'
import { TopologyError } from './topology-error.ts'

/**
 * Reads a topology from a stream of its bytes into one buffer of its size: at its peak it holds the
 * topology and one piece of the stream. Throws what `openTopology` throws, and `payload_too_large` before
 * anything is held when it has more than `maxBytes`.
 */
export async function loadTopology(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
): Promise<Topology> {
  const reader = stream.getReader()
  try {
    const start = new Uint8Array(HEADER_BYTES)
    let bytes = start
    let filled = 0
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      let piece = value
      if (filled < HEADER_BYTES) {
        const head = piece.subarray(0, HEADER_BYTES - filled)
        start.set(head, filled)
        filled += head.byteLength
        if (filled < HEADER_BYTES) continue
        piece = piece.subarray(head.byteLength)
        bytes = new Uint8Array(sizeIn(start, maxBytes))
        bytes.set(start)
      }
      if (filled + piece.byteLength > bytes.byteLength) {
        throw new TopologyError(
          'corrupt',
          `more than the topology's ${bytes.byteLength} bytes came`,
        )
      }
      bytes.set(piece, filled)
      filled += piece.byteLength
    }
    const { buffer } = bytes
    return openTopology(filled < buffer.byteLength ? buffer.slice(0, filled) : buffer)
  } finally {
    // What a failed stream says on being cancelled is not news.
    reader.cancel().catch(() => undefined)
  }
}

/** The size that a header names, so that nothing has to grow; at least the header's own. */
function sizeIn(start: Uint8Array<ArrayBuffer>, maxBytes: number): number {
  const header = new Uint32Array(start.buffer)
  const isKnown = header[HEADER.magic] === MAGIC && header[HEADER.version] === LAYOUT_VERSION
  // The header alone is enough to be refused by.
  if (!isKnown) openTopology(start.buffer)
  const byteLength = readPair(header, HEADER.byteLengthLow, HEADER.byteLengthHigh)
  if (byteLength <= maxBytes) return Math.max(byteLength, HEADER_BYTES)
  const message = `the topology has ${byteLength} bytes, ${maxBytes} are allowed`
  throw new AppError('payload_too_large', message)
}
