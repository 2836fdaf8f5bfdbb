import { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { basename, join } from 'node:path'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { type Bundle, bundleWorker } from './bundle.ts'
import { assertPortFree } from './port.ts'
import { UserError } from './user-error.ts'
import { WORKER, type WorkerOptions, workerOptions } from './worker-options.ts'

export type ServerOptions = {
  /** 0 takes a free one. */
  readonly port: number
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Variables and secrets for the worker, beside what wrangler.toml binds. */
  readonly bindings: Readonly<Record<string, string>>
  /** Folder for the Durable Objects' storage. */
  readonly persistDir: string
  /** From bundleWorker; built below `persistDir` when absent. */
  readonly bundle?: Bundle
  /** Where the worker can be inspected and profiled with Chrome's developer tools; default nowhere. */
  readonly inspectorPort?: number
  /** Receives what the worker logs, and the runtime's complaints. */
  readonly onLog?: (line: string, level: 'info' | 'error') => void
  /** Receives the pid of the runtime, again should it crash and be started anew. */
  readonly onRuntime?: (pid: number) => void
  /** How many isolates run the worker and share its Durable Objects, as in production; default 1. */
  readonly isolates?: number
}

export type Server = {
  /** http://HOST:PORT, without a slash at the end. */
  readonly url: string
  /** Of each isolate; the first is `url`. */
  readonly urls: readonly string[]
  /**
   * Throws every Durable Object out of memory as the platform does with an idle one, and resolves
   * with how many there were; the next call builds them anew. Not for objects at work: while an
   * eviction waits for one, workerd keeps back the answers to what that object has fetched, so it
   * waits until they time out.
   */
  evictObjects(): Promise<number>
  /**
   * Ends every Durable Object at once, as when its machine dies: whoever waits for one gets an
   * error, and what it has sent to PostgreSQL may or may not be done.
   */
  crashObjects(): Promise<void>
  /** Runs the worker's scheduled handler and resolves when it is done; rejects when it failed. */
  runCron(cron: string): Promise<void>
  stop(): Promise<void>
}

const DOOR = 'door'
/** Of the door, for there it cannot be reached from outside; Miniflare itself has no such call. */
const CRASH = `
  import unsafe from 'workerd:unsafe'
  export default {
    async fetch() {
      await unsafe.abortAllDurableObjects()
      return new Response('done')
    }
  }`
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Serves the worker in workerd. Faster than `wrangler dev`, which has a proxy in front of the
 * worker and reloads it. Rejects with a UserError when the port is taken or the worker is broken.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { port, host = '127.0.0.1' } = options
  await assertPortFree(host, port)
  const bundle = options.bundle ?? (await bundleWorker(join(options.persistDir, 'build')))
  const forget = watchRuntime(options.onRuntime ?? (() => {}))
  const worker = workerOptions(bundle, options.bindings)
  const miniflare = withoutSignals(
    () => new Miniflare(convertV4MiniflareOptions(instanceOptions(options, worker, host))),
  )
  async function stop(): Promise<void> {
    await miniflare.dispose()
    forget()
  }
  try {
    await miniflare.ready
  } catch (cause) {
    await stop().catch(() => {
      // It never started; the reason is already on its way.
    })
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new UserError(`The worker does not start: ${reason}`, { cause })
  }
  const doors = isolatesOf(options).map((_name, i) => miniflare.unsafeGetDirectURL(doorOf(i)))
  const urls = (await Promise.all(doors)).map(({ origin }) => origin)
  return {
    url: urls[0] ?? '',
    urls,
    async evictObjects() {
      let evicted = 0
      for (const { className } of Object.values(worker.durableObjects)) {
        for (const id of await miniflare.listDurableObjectIds(className, WORKER)) {
          if (await evict(miniflare, className, id)) evicted++
        }
      }
      return evicted
    },
    async crashObjects() {
      const door = await miniflare.getWorker(DOOR)
      const response = await door.fetch('http://door/crash')
      if (!response.ok) throw new Error(`the objects were not ended: ${await response.text()}`)
    },
    async runCron(cron) {
      const handlers = await miniflare.getWorker(WORKER)
      const { outcome } = await handlers.scheduled({ cron })
      if (outcome !== 'ok') throw new Error(`the scheduled handler failed: ${outcome}`)
    },
    stop,
  }
}

/** False when the object is not in memory: those that storage remembers are more. */
async function evict(miniflare: Miniflare, className: string, id: string): Promise<boolean> {
  try {
    await miniflare.unsafeEvictDurableObject(WORKER, className, { id, webSockets: 'close' })
    return true
  } catch (error) {
    if (error instanceof Error && error.message.includes('not currently running')) return false
    throw error
  }
}

function instanceOptions(options: ServerOptions, worker: WorkerOptions, host: string) {
  const onLog = options.onLog ?? (() => {})
  return {
    // Without this Miniflare asks the internet where this machine is.
    cf: false,
    telemetry: { enabled: false },
    logRequests: false,
    ...(options.inspectorPort === undefined ? {} : { inspectorPort: options.inspectorPort }),
    log: new ForwardingLog((line) => onLog(line, 'error')),
    handleStructuredLogs: ({ level, message }: { level: string; message: string }) =>
      onLog(message, level === 'error' ? 'error' : 'info'),
    resourcePersistencePath: options.persistDir,
    workers: isolatesOf(options).flatMap((name, i) => [
      i === 0 ? worker : sibling(worker, name, i),
      {
        // A socket of the worker itself would lead to the assets router; one of a worker without
        // assets may lead straight to another worker.
        name: doorOf(i),
        modules: true as const,
        script: CRASH,
        compatibilityDate: worker.compatibilityDate,
        compatibilityFlags: ['unsafe_module'],
        unsafeDirectSockets: [{ host, port: i === 0 ? options.port : 0, serviceName: name }],
      },
    ]),
  }
}

/** The names of the workers that run the bundle. */
function isolatesOf({ isolates = 1 }: ServerOptions): string[] {
  return Array.from({ length: isolates }, (_, i) => (i === 0 ? WORKER : `${WORKER}-${i + 1}`))
}

function doorOf(isolate: number): string {
  return isolate === 0 ? DOOR : `${DOOR}-${isolate + 1}`
}

/**
 * The same worker once more. The Durable Objects are those of the first; so is the edge cache of every
 * second one, while the others have none, as in a data centre where nobody has read yet. A queue has
 * one consumer: the first.
 */
function sibling(worker: WorkerOptions, name: string, isolate: number) {
  const durableObjects = Object.entries(worker.durableObjects).map(
    ([binding, object]) => [binding, { ...object, scriptName: WORKER }] as const,
  )
  return {
    ...worker,
    name,
    cacheAPI: isolate % 2 === 0,
    queueConsumers: {},
    durableObjects: Object.fromEntries(durableObjects),
  }
}

class ForwardingLog extends Log {
  readonly #forward: (line: string) => void

  constructor(forward: (line: string) => void) {
    super(LogLevel.WARN)
    this.#forward = forward
  }

  protected override log(message: string): void {
    this.#forward(message)
  }
}

/** Miniflare ends the process on a signal; whoever started the server has more to stop than that. */
function withoutSignals<T>(create: () => T): T {
  const before = SIGNALS.map((signal) => process.listeners(signal))
  const created = create()
  for (const [i, signal] of SIGNALS.entries()) {
    const added = process.listeners(signal).filter((listener) => !before[i]?.includes(listener))
    for (const listener of added) process.off(signal, listener)
  }
  return created
}

/** Reports each workerd that this process starts; returns how to stop that. */
function watchRuntime(onRuntime: (pid: number) => void): () => void {
  function onMessage(message: unknown): void {
    const child = typeof message === 'object' && message && Reflect.get(message, 'process')
    if (!(child instanceof ChildProcess)) return
    child.once('spawn', () => {
      if (child.pid !== undefined && basename(child.spawnfile).startsWith('workerd')) {
        onRuntime(child.pid)
      }
    })
  }
  subscribe('child_process', onMessage)
  return () => unsubscribe('child_process', onMessage)
}
