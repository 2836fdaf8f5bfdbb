/**
 * Reads a stream of just so many bytes into the beginning of a buffer, which is gone afterwards: what is
 * returned is the same memory. The stream itself fills it, so that nothing is left to be collected. Throws
 * when fewer bytes come, or more.
 */
export async function readInto(
  stream: ReadableStream<Uint8Array>,
  buffer: ArrayBuffer,
  bytes: number,
): Promise<ArrayBuffer> {
  const reader = stream.getReader({ mode: 'byob' })
  let filled = buffer
  let length = 0
  try {
    while (length < bytes) {
      const { value, done } = await reader.read(new Uint8Array(filled, length, bytes - length))
      if (value) filled = value.buffer as ArrayBuffer
      length += value?.byteLength ?? 0
      if (done) throw new Error(`a file ends after ${length} of ${bytes} bytes`)
    }
    const { done } = await reader.read(new Uint8Array(1))
    if (!done) throw new Error(`a file has more than ${bytes} bytes`)
    return filled
  } finally {
    // What a failed stream says on being cancelled is not news.
    reader.cancel().catch(() => undefined)
  }
}
