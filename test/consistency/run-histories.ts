import type { History } from './history.ts'
import { Simulation } from './simulator/simulation.ts'

/** Histories that run beside each other: each turn of the event loop takes every one of them a step. */
const AT_ONCE = 16

/**
 * Runs the histories of `seeds` and hands each on when it is over; `false` ends the run. `searches`: how
 * many of their reads search the graph.
 */
export async function runHistories(
  seeds: Iterable<number>,
  operations: number,
  finished: (history: History) => boolean,
  searches = 0,
): Promise<void> {
  const waiting = seeds[Symbol.iterator]()
  const running: Simulation[] = []
  for (;;) {
    while (running.length < AT_ONCE) {
      const { value, done } = waiting.next()
      if (done) break
      running.push(new Simulation(value, operations, searches))
    }
    if (running.length === 0) return
    // Promises that an event has resolved go on before the next one.
    await new Promise((resolve) => setImmediate(resolve))
    for (let i = running.length - 1; i >= 0; i -= 1) {
      const simulation = running[i]
      if (!simulation || simulation.step()) continue
      running.splice(i, 1)
      if (!finished(simulation.history)) return
    }
  }
}
