import { LRUCache } from 'lru-cache'
import { PLAIN_GET } from '../../../core/cache/lru.ts'
import type { GraphView } from '../../../core/graph/graph-view.ts'

/** A topology in memory. `view` is at `view.seq`, and nothing has changed in the graph up to `upTo`. */
export type HeldTopology = {
  readonly historyId: string
  readonly view: GraphView
  upTo: number
  /** Everything acknowledged before this time is in it. */
  knownAt: number
}

/** What one change costs in memory: entries of maps and lists. */
const BYTES_PER_CHANGE = 150
/** What searches keep for each node from one to the next. */
const WORKSPACE_BYTES_PER_NODE = 14

/** Topologies of an isolate; the least recently used leave. */
export class HeldTopologies {
  readonly #held: LRUCache<string, HeldTopology>
  readonly budgetBytes: number

  constructor(budgetBytes: number) {
    this.budgetBytes = budgetBytes
    this.#held = new LRUCache({ maxSize: Math.max(1, budgetBytes), sizeCalculation: bytesOf })
  }

  get(name: string): HeldTopology | null {
    return this.#held.get(name, PLAIN_GET) ?? null
  }

  /** False when it is larger than all there may be. Called again after it grew. */
  keep(name: string, held: HeldTopology): boolean {
    // What is there already keeps the size that it came with.
    if (this.#held.peek(name) === held) this.#held.delete(name)
    this.#held.set(name, held)
    return this.#held.peek(name) === held
  }

  drop(name: string): void {
    this.#held.delete(name)
  }

  /** Lets the least recently used leave until `bytes` more fit into the budget beside the rest. */
  makeRoom(bytes: number): void {
    while (this.#held.size > 0 && this.#held.calculatedSize + bytes > this.budgetBytes) {
      this.#held.pop()
    }
  }

  get bytes(): number {
    return this.#held.calculatedSize
  }
}

export function bytesOf({ view }: HeldTopology): number {
  return (
    view.base.buffer.byteLength +
    view.overlay.size * BYTES_PER_CHANGE +
    view.nodeNumbers * WORKSPACE_BYTES_PER_NODE
  )
}
