import type { Waiting } from '../../../core/cache/single-flight.ts'

/** Sleeps that end when the test lets time pass, and a clock that only then moves. */
export class ManualWaiting implements Waiting {
  nowMs = 1_000_000
  readonly #sleepers: { readonly at: number; readonly wake: () => void }[] = []

  readonly now = (): number => this.nowMs

  readonly sleep = (ms: number): Promise<void> =>
    new Promise((wake) => this.#sleepers.push({ at: this.nowMs + ms, wake }))

  readonly waitUntil = (work: Promise<unknown>): void => {
    work.catch(() => undefined)
  }

  async pass(ms: number): Promise<void> {
    this.nowMs += ms
    for (const { at, wake } of this.#sleepers) if (at <= this.nowMs) wake()
    await settled()
  }
}

/** Everything that only waits for promises has gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
