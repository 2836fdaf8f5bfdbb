import { AppError } from '../../core/errors.ts'

/**
 * The body of a request as it is to be stored, unpacked where it was sent packed by gzip: the platform
 * takes bodies of 100 MB on most plans. It is read by whoever takes it, and errors come there.
 */
export function uploadOf({ body, headers }: Request): ReadableStream<Uint8Array> {
  if (!body) throw new AppError('malformed_request', 'the request needs a body')
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity'
  switch (encoding) {
    case 'identity':
      return body
    case 'gzip':
      return unpacked(body)
    default:
      throw new AppError('unsupported_media_type', 'Content-Encoding: send gzip, or none')
  }
}

function unpacked(packed: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = packed.pipeThrough(new DecompressionStream('gzip')).getReader()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        // Of what is no gzip, and of a connection that broke off: nothing more is known of either.
        throw new AppError('malformed_request', 'the body is not gzip, or is not complete', {
          cause,
        })
      })
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: (reason) => reader.cancel(reason),
  })
}
