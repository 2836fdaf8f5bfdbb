import { GraphView } from '../../../core/graph/graph-view.ts'
import type { Topology } from '../../../core/graph/topology.ts'
import type { GraphAddress } from '../../../core/log/address.ts'
import type { Database } from '../../../db/client.ts'
import { headOf } from '../../../db/queries/export.ts'
import { bringForward } from './bring-forward.ts'
import { buildTopology } from './build.ts'
import type { HeldTopology } from './held.ts'
import type { TopologyStore } from './store.ts'

/**
 * Entities and relationships up to which an isolate builds a topology for itself, in the time that it
 * has after an answer. A graph of more events may have more, and is left to a job; what that has stored is
 * loaded.
 */
export const MAX_ROWS_BUILT_BY_READER = 1_500_000
/** Events by which what was stored is brought forward when it is loaded: some 10 MB at once. */
const MAX_EVENTS_BEHIND = 50_000

export type Loading = {
  readonly shard: Database
  readonly graph: GraphAddress
  readonly historyId: string
  readonly weightKeys: readonly string[] | null
  /** `null`: there is nowhere to keep them. */
  readonly store: TopologyStore | null
  readonly budgetBytes: number
  readonly now: () => number
}

/** It is to be built by a job; `former` is the seq of what is stored, 0 without. */
export type ToBeBuilt = { readonly former: number }

/** `too_large`: for the budget, or to be built here, and there is nowhere to keep what a job builds. */
export type LoadOutcome = HeldTopology | ToBeBuilt | 'too_large' | 'moved'

/** A topology of the graph: the one that was stored last, or one built now, which is then stored. */
export async function loadTopology(loading: Loading): Promise<LoadOutcome> {
  const { shard, graph, historyId, weightKeys, store, budgetBytes } = loading
  const stored = await store?.latest(graph, historyId, weightKeys)
  if (store && stored) {
    if (stored.bytes > budgetBytes) return 'too_large'
    const topology = await store.load(stored)
    const found = topology?.meta.history === historyId ? held(topology) : null
    // What has fallen too far behind its graph is of no use to anybody.
    const forward = { ...loading, maxEvents: MAX_EVENTS_BEHIND }
    if (found && (await bringForward(found, forward)) !== false) return found
  }
  if (store) {
    const { seq } = await headOf(shard, graph)
    if (seq > MAX_ROWS_BUILT_BY_READER) return { former: stored?.seq ?? 0 }
  }
  const topology = await buildTopology(shard, graph, {
    weightKeys,
    maxRows: MAX_ROWS_BUILT_BY_READER,
  })
  if (typeof topology === 'string') return topology
  await store?.save(graph, topology).catch(() => undefined)
  return topology.buffer.byteLength > budgetBytes ? 'too_large' : held(topology)
}

export function held(topology: Topology): HeldTopology {
  const { seq, meta } = topology
  return { historyId: meta.history, view: new GraphView(topology), upTo: seq, knownAt: -Infinity }
}
