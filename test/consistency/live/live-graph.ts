import type { Consistency } from '../../../core/log/consistency.ts'
import type { Random } from '../../durable-objects/graph-log/histories/random.ts'
import type { Operation } from '../history.ts'
import type { Universe } from '../simulator/universe.ts'
import type { LiveClient } from './live-client.ts'

export type LiveOptions = {
  readonly seed: number
  readonly credential: string
  readonly clients: number
  readonly operations: number
  /** How many of the reads search the graph. */
  readonly searches: number
  /** Longest pause of a client between operations. */
  readonly pauseMs: number
  readonly levels: readonly Consistency['level'][]
  /** `false`: requests name no bookmark. */
  readonly keepsBookmarks: boolean
  /** What goes wrong meanwhile; others add to it. */
  readonly faults: readonly string[]
}

/** What the clients of one graph share. */
export type LiveGraph = {
  readonly options: LiveOptions
  readonly graph: string
  readonly universe: Universe
  readonly random: Random
  /** Of the isolates. */
  readonly urls: readonly string[]
  readonly clock: Clock
  readonly operations: Operation[]
  readonly problems: string[]
  /** When the requests with these ids were sent first, in ticks. */
  readonly begun: Map<string, number>
  /** By commit id: the seq that its answer gave. */
  readonly answered: Map<string, number>
  readonly all: LiveClient[]
  readonly hotEntities: number
  readonly writes: number
  /** How often each tier answered. */
  readonly sources: Map<string, number>
  left: number
}

/** One clock for all isolates and clients: the test's own. */
export class Clock {
  #tick = 0

  now(): { readonly tick: number; readonly ms: number } {
    this.#tick += 1
    return { tick: this.#tick, ms: performance.now() }
  }
}
