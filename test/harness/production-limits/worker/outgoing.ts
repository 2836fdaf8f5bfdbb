import { arrived, tick } from './clock.ts'
import { currentInvocation, type Invocation } from './invocation.ts'

/** Counts fetches, and holds each one's connection until its answer is read to the end. */
export function limitFetch(): void {
  const original = globalThis.fetch
  globalThis.fetch = async (...args: Parameters<typeof fetch>) => {
    const invocation = currentInvocation()
    // In the global scope: the runtime itself refuses it.
    if (!invocation) return original(...args)
    const [input, init] = args
    const signal = init?.signal ?? (input instanceof Request ? input.signal : null)
    const close = await opened(invocation, signal)
    try {
      return untilRead(await arrived(original(...args)), close)
    } catch (error) {
      close()
      throw error
    }
  }
}

/** A subrequest over a connection, which the function that this resolves with closes. */
export async function opened(
  invocation: Invocation,
  signal?: AbortSignal | null,
): Promise<() => void> {
  invocation.countSubrequest()
  return invocation.connections.open(signal)
}

function untilRead(response: Response, close: () => void): Response {
  if (!response.body) {
    close()
    return response
  }
  const reader = response.body.getReader()
  const body = new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          tick()
          if (!done) return controller.enqueue(value)
          close()
          controller.close()
        } catch (error) {
          close()
          throw error
        }
      },
      cancel(reason) {
        close()
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
  const counted = new Response(body, response)
  Object.defineProperty(counted, 'url', { value: response.url })
  return counted
}
