import { SingleFlight } from '../../../core/cache/single-flight.ts'
import type { Brought } from './bring-forward.ts'
import { HeldTopologies } from './held.ts'

/** How long a load may take before somebody else begins anew: workerd may have dropped it. */
const LOAD_TIMEOUT_MS = 60_000
/** How long nobody tries again to load what is too large, or what failed. */
const TOO_LARGE_MS = 300_000
const FAILED_MS = 5_000
/** How long nobody looks again for what a job is building. */
const UNDERWAY_MS = 10_000
/** Names remembered of loads that came to nothing. */
const MAX_REMEMBERED = 1_000

/** Topologies of an isolate, and what is known of those that are not there. */
export class TopologyShelf {
  readonly held: HeldTopologies
  /** Topologies that are being brought forward. */
  readonly flights = new SingleFlight<Brought>()
  readonly #notBefore = new Map<string, number>()

  constructor(budgetBytes: number) {
    this.held = new HeldTopologies(budgetBytes)
  }

  /** Whether to begin to load it now; who is told so does. */
  mayLoad(name: string, now: number): boolean {
    if (now < (this.#notBefore.get(name) ?? 0)) return false
    this.#waitUntil(name, now + LOAD_TIMEOUT_MS)
    return true
  }

  loaded(name: string): void {
    this.#notBefore.delete(name)
  }

  tooLarge(name: string, now: number): void {
    this.#waitUntil(name, now + TOO_LARGE_MS)
  }

  failed(name: string, now: number): void {
    this.#waitUntil(name, now + FAILED_MS)
  }

  underway(name: string, now: number): void {
    this.#waitUntil(name, now + UNDERWAY_MS)
  }

  #waitUntil(name: string, time: number): void {
    this.#notBefore.delete(name)
    if (this.#notBefore.size >= MAX_REMEMBERED) {
      const [oldest] = this.#notBefore.keys()
      if (oldest !== undefined) this.#notBefore.delete(oldest)
    }
    this.#notBefore.set(name, time)
  }
}
