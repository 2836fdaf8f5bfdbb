import { Readable, type Transform } from 'node:stream'
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'

/**
 * How much is compressed at a time, and how much output is taken at once: workerd's encoder fails with
 * `Unexpected end of file` where what is left at the end does not fit into one piece of output. zstd keeps
 * at most a block of 128 KiB back.
 */
const PIECE_BYTES = 64 * 1024
const OUTPUT_BYTES = 256 * 1024
const ZSTD_LEVEL = 3

/** The zstd frame (RFC 8878) of `bytes`. */
export async function compressed(bytes: Uint8Array): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of compressing(bytes)) pieces.push(piece as Uint8Array)
  return Buffer.concat(pieces)
}

/** The same, as it comes. */
export function compressedStream(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return Readable.toWeb(compressing(bytes)) as unknown as ReadableStream<Uint8Array>
}

function compressing(bytes: Uint8Array): Transform {
  const params = { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL }
  const compress = createZstdCompress({ params, chunkSize: OUTPUT_BYTES })
  // What goes wrong here shows to whoever reads.
  void feed(piecesOf(bytes), compress)
  return compress
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES)
    yield bytes.subarray(at, at + PIECE_BYTES)
}

/** The stream of what a zstd frame (RFC 8878) holds; it fails where the frame is cut off or spoilt. */
export function decompressedStream(body: ReadableStream): ReadableStream<Uint8Array> {
  const decompress = createZstdDecompress()
  void feed(body, decompress)
  return Readable.toWeb(decompress) as unknown as ReadableStream<Uint8Array>
}

async function feed(
  pieces: Iterable<Uint8Array> | ReadableStream<Uint8Array>,
  into: Transform,
): Promise<void> {
  try {
    for await (const piece of pieces) {
      if (!into.write(piece)) await new Promise((resolve) => into.once('drain', resolve))
    }
    into.end()
  } catch (error) {
    into.destroy(error instanceof Error ? error : new Error(String(error)))
  }
}
