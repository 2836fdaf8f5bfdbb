export type Shutdown = {
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal
  /** Resolves when `signal` is aborted. */
  readonly requested: Promise<void>
  /** Adds something to stop; what was added last stops first. */
  defer(stop: () => void | Promise<void>): void
  /** Stops everything that was added, whatever of it fails. */
  stopAll(): Promise<void>
}

// What a shell reports for a program ended by Ctrl-C.
const INTERRUPTED = 130

/**
 * Takes over the signals of this process: the first one asks for an orderly stop, which may take
 * seconds, a second one ends the process at once.
 */
export function takeSignals(): Shutdown {
  const controller = new AbortController()
  const requested = new Promise<void>((resolve) => {
    controller.signal.addEventListener('abort', () => resolve())
  })
  const stops: (() => void | Promise<void>)[] = []
  function onSignal(): void {
    if (controller.signal.aborted) process.exit(INTERRUPTED)
    controller.abort()
    process.stdout.write('\nStopping; Ctrl-C again ends it at once.\n')
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  // A closed terminal or `| head` must not keep us from stopping PostgreSQL.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  return {
    signal: controller.signal,
    requested,
    defer: (stop) => void stops.push(stop),
    async stopAll() {
      for (let stop = stops.pop(); stop; stop = stops.pop()) {
        try {
          await stop()
        } catch (error) {
          console.error(`Stopping a part failed: ${error instanceof Error ? error.message : error}`)
        }
      }
    },
  }
}
