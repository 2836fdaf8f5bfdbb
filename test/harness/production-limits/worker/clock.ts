import { type Method, replaceMethod } from './replace-method.ts'

// Production shows the time of the last I/O, so that code cannot measure itself (Spectre).

const realNow = Date.now
const realElapsed = performance.now.bind(performance)

let now = 0
let elapsed = 0

/** Shows the real time again: to be called whenever I/O comes back. */
export function tick(): void {
  now = realNow()
  elapsed = realElapsed()
}

/** Passes a result of I/O on, at the time that it arrived. */
export async function arrived<T>(result: Promise<T>): Promise<T> {
  try {
    return await result
  } finally {
    tick()
  }
}

/** Time stands still for the whole isolate: between two arrivals nobody else's code runs. */
export function freezeClock(): void {
  Date.now = () => now
  performance.now = () => elapsed
  globalThis.Date = new Proxy(Date, {
    apply: () => new Date(now).toString(),
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now] : args, newTarget),
  })
  for (const name of ['setTimeout', 'setInterval']) {
    replaceMethod(globalThis, name, (original) => (callback, ...rest) => {
      const ticking = (...args: unknown[]) => {
        tick()
        return (callback as Method)(...args)
      }
      return original(ticking, ...rest)
    })
  }
  showTimeAfter(scheduler, 'wait')
  for (const { prototype } of [Request, Response]) {
    for (const name of ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text']) {
      showTimeAfter(prototype, name)
    }
  }
  showTimeAfter(ReadableStreamDefaultReader.prototype, 'read')
}

function showTimeAfter(owner: object, name: string): void {
  replaceMethod(
    owner,
    name,
    (original) =>
      function showing(...args) {
        return arrived(original.apply(this, args) as Promise<unknown>)
      },
  )
}
