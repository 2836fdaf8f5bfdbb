import type { Random } from '../../durable-objects/graph-log/histories/random.ts'

type Event = { readonly at: number; readonly order: number; readonly run: () => void }

/**
 * Virtual time: everything that waits is an event, and one event is run at a time. Of several at the
 * same millisecond any may come first.
 */
export class Scheduler {
  /** Milliseconds since the beginning. */
  now = 0
  /** Events run so far: tells before from after where milliseconds tie. */
  tick = 0
  readonly #random: Random
  readonly #heap: Event[] = []

  constructor(random: Random) {
    this.#random = random
  }

  schedule(delayMs: number, run: () => void): void {
    const event = { at: this.now + delayMs, order: this.#random.next(), run }
    const heap = this.#heap
    let child = heap.length
    heap.push(event)
    while (child > 0) {
      const parent = (child - 1) >> 1
      const above = heap[parent]
      if (!above || !isBefore(event, above)) break
      heap[child] = above
      child = parent
    }
    heap[child] = event
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.schedule(delayMs, resolve))
  }

  /** Runs the next event. What it resolves goes on in microtasks, before the next one is run. */
  step(): boolean {
    const heap = this.#heap
    const [first] = heap
    const last = heap.pop()
    if (!first || !last) return false
    if (heap.length > 0) this.#sink(last)
    this.now = first.at
    this.tick += 1
    first.run()
    return true
  }

  #sink(event: Event): void {
    const heap = this.#heap
    let hole = 0
    for (;;) {
      let child = hole * 2 + 1
      const [left, right] = [heap[child], heap[child + 1]]
      if (!left) break
      if (right && isBefore(right, left)) child += 1
      const smaller = right && isBefore(right, left) ? right : left
      if (!isBefore(smaller, event)) break
      heap[hole] = smaller
      hole = child
    }
    heap[hole] = event
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
