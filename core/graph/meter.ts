import { AppError } from '../errors.ts'
import type { Now } from '../now.ts'
import { type Bounds, type Cost, DEFAULT_MAX_EDGES, type Stopped } from './engine.ts'

/** How many edges are looked at between two looks at the clock. */
const EDGES_PER_LOOK = 65_536

/** Counts what a search looks at, and says when it has to stop. */
export class Meter {
  readonly #now: Now
  readonly #startedAt: number
  readonly #deadlineAt: number
  readonly #onCap: 'partial' | 'error'
  readonly maxEdges: number
  edges = 0
  stopped: Stopped | null = null
  #nextLook = EDGES_PER_LOOK

  constructor({ maxEdges, deadlineAtMs, onCap }: Bounds, now: Now) {
    this.#now = now
    this.#startedAt = now()
    this.#deadlineAt = deadlineAtMs ?? Number.POSITIVE_INFINITY
    this.#onCap = onCap ?? 'partial'
    this.maxEdges = maxEdges ?? DEFAULT_MAX_EDGES
  }

  /** How many of `edges` may be looked at; they count as looked at. Fewer than asked: stop after them. */
  take(edges: number): number {
    const left = this.maxEdges - this.edges
    if (edges > left) {
      this.edges = this.maxEdges
      this.stopped = 'cost'
      return left
    }
    if (this.edges + edges >= this.#nextLook && this.#isLate()) return 0
    this.edges += edges
    return edges
  }

  #isLate(): boolean {
    this.#nextLook = this.edges + EDGES_PER_LOOK
    if (this.#now() < this.#deadlineAt) return false
    this.stopped = 'deadline'
    return true
  }

  /** The search ended after all but `edges` of those last taken: its limit was met. */
  endEarly(edges: number): void {
    this.edges -= edges
    this.stopped = 'limit'
  }

  /**
   * The cost, once the search is over. Throws `cost_exceeded` if it was stopped and that is what was
   * asked for; `aheadEdges`: edges that it knew it would have looked at next.
   */
  cost(seq: number, nodes: number, aheadEdges = 0): Cost {
    if (this.#onCap === 'error' && (this.stopped === 'cost' || this.stopped === 'deadline')) {
      throw this.#exceeded(aheadEdges)
    }
    const ms = this.#now() - this.#startedAt
    return { engine: 'memory', seq, nodes, edges: this.edges, maxEdges: this.maxEdges, ms }
  }

  #exceeded(aheadEdges: number): AppError {
    const estimatedEdges = this.edges + Math.max(1, aheadEdges)
    const reason =
      this.stopped === 'cost'
        ? `would look at more than ${this.maxEdges} edges, at least ${estimatedEdges}`
        : `ran out of time after ${this.edges} edges`
    return new AppError('cost_exceeded', `the query ${reason}`, { estimatedEdges })
  }
}
