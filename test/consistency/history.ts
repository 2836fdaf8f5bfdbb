import type { Consistency } from '../../core/log/consistency.ts'
import type { Command } from './simulator/commands.ts'
import type { Query } from './simulator/queries.ts'
import type { State, Universe } from './simulator/universe.ts'

/** What happened in one history, as its clients saw it, and as its database did. */
export type History = {
  readonly seed: number
  readonly universe: Universe
  readonly operations: readonly Operation[]
  readonly truth: Truth
  /** What the simulator itself found wrong: errors that nobody should see, calls without an end. */
  readonly problems: readonly string[]
  /** Faults, each with its time: for who wants to understand. */
  readonly faults: readonly string[]
}

type Call = {
  readonly client: number
  /** Ticks order all that happens; times are virtual milliseconds. */
  readonly invoked: number
  readonly invokedAt: number
  /** `Infinity`: its client never heard. */
  readonly responded: number
  readonly respondedAt: number
}

export type Write = Call & {
  readonly does: 'write'
  readonly commitId: string
  readonly commands: readonly Command[]
  /** `unknown`: may have been done, may be still, or never. `void`: known never to be done. */
  readonly outcome: 'committed' | 'refused' | 'unknown' | 'void'
  /** It is what a restore undid, done for another time. */
  readonly again?: number
}

export type Read = Call & {
  readonly does: 'read'
  readonly consistency: Consistency
  readonly queries: readonly Query[]
  readonly observed: readonly number[]
  /** What answered a search, where that is known. */
  readonly engine?: 'memory' | 'sql'
  /** Answered with `isStale`. */
  readonly isStale: boolean
  /** Operations whose bookmarks it was given. */
  readonly after: readonly number[]
}

/** Reads that were not answered say nothing, and are left out. */
export type Operation = Write | Read

/** The states that the database went through. */
export type Truth = {
  /** Each with the tick of its commit. The first is the empty graph. */
  readonly states: readonly { readonly state: State; readonly tick: number }[]
  /** By commit id: the states that a commit under it led to. More than one only after a restore. */
  readonly committed: ReadonlyMap<string, readonly number[]>
}
