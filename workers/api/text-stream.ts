const CHUNK_CHARACTERS = 64 * 1024

/** Bytes as they are read, of which `length` are announced. */
export function byteStream(
  bytes: AsyncGenerator<Uint8Array>,
  length: number,
): ReadableStream<Uint8Array> {
  const source = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await bytes.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await bytes.return(undefined)
    },
  })
  // Without it the runtime sends no Content-Length, and a download shows no progress.
  return source.pipeThrough(new FixedLengthStream(length))
}

/** Text as bytes, made only as fast as they are read. */
export function textStream(texts: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const iterator = texts[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      let chunk = ''
      while (chunk.length < CHUNK_CHARACTERS) {
        const { done, value } = await iterator.next()
        if (done) {
          if (chunk) controller.enqueue(encoder.encode(chunk))
          controller.close()
          return
        }
        chunk += value
      }
      controller.enqueue(encoder.encode(chunk))
    },
    async cancel() {
      await iterator.return?.()
    },
  })
}
