import { setTimeout } from 'node:timers/promises'

/** CPU time of this process since it was made: what others do on the machine does not count. */
export class CpuTime {
  readonly #start = process.cpuUsage()

  get ms(): number {
    const { user, system } = process.cpuUsage(this.#start)
    return (user + system) / 1_000
  }

  toString(): string {
    return `${this.ms.toFixed(1)} ms`
  }
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

/** Live bytes of array buffers: what counts against an isolate's memory beside its heap. */
export async function liveBytes(): Promise<number> {
  globalThis.gc?.()
  // Native memory behind a finished stream is let go of after its object is.
  await setTimeout(10)
  globalThis.gc?.()
  return process.memoryUsage().arrayBuffers
}

/** The most bytes of array buffers at any look, garbage not yet collected included. */
export class Peak {
  bytes = 0

  look(): void {
    this.bytes = Math.max(this.bytes, process.memoryUsage().arrayBuffers)
  }
}
