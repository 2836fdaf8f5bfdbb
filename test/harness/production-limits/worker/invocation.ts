import { AsyncLocalStorage } from 'node:async_hooks'
import { tick } from './clock.ts'
import { Connections } from './connections.ts'
import { replaceMethod } from './replace-method.ts'

/** Calls of other services that one invocation may make: fetches, cache operations, objects. */
export const MAX_SUBREQUESTS = 1_000

/** One run of a handler, or one call of a Durable Object: those of one object share `connections`. */
export class Invocation {
  readonly connections: Connections
  #subrequests = 0

  constructor(connections: Connections = new Connections()) {
    this.connections = connections
  }

  run<T>(handle: () => T): T {
    tick()
    return current.run(this, handle)
  }

  /** Throws what production does for one call too many. */
  countSubrequest(): void {
    this.#subrequests++
    if (this.#subrequests > MAX_SUBREQUESTS) throw new Error('Too many subrequests.')
  }
}

const current = new AsyncLocalStorage<Invocation>()

/** The invocation that the running code belongs to; undefined in the global scope. */
export function currentInvocation(): Invocation | undefined {
  return current.getStore()
}

/** ReadableStream.from would read its source outside of the invocation that it comes from. */
export function keepInvocationInStreams(): void {
  replaceMethod(ReadableStream, 'from', (from) => (source) => {
    const inInvocation = AsyncLocalStorage.snapshot()
    const iterator = iteratorOf(source as AnyIterable)
    return from.call(ReadableStream, {
      [Symbol.asyncIterator]: () => ({
        next: async () => inInvocation(() => iterator.next()),
        return: async (value?: unknown) =>
          (await inInvocation(() => iterator.return?.(value))) ?? { done: true, value },
      }),
    })
  })
}

type AnyIterable = Iterable<unknown> | AsyncIterable<unknown>

function iteratorOf(source: AnyIterable): Iterator<unknown> | AsyncIterator<unknown> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
}
