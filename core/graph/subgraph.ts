import type { Now } from '../now.ts'
import { Adjacency } from './adjacency.ts'
import { breadthFirst, degreesOf } from './breadth-first.ts'
import {
  DEFAULT_LISTED,
  DEFAULT_LISTED_EDGES,
  type Edge,
  type Subgraph,
  type SubgraphRequest,
} from './engine.ts'
import type { GraphView } from './graph-view.ts'
import { Meter } from './meter.ts'
import { reachedOf, searchOf } from './traverse.ts'

/** What a traversal reaches, and the edges between: see `SubgraphRequest`. */
export function subgraph(view: GraphView, request: SubgraphRequest, now: Now): Subgraph {
  const { limit = DEFAULT_LISTED, edgeLimit = DEFAULT_LISTED_EDGES } = request
  const meter = new Meter(request, now)
  const search = { ...searchOf(view, request), limit, withTree: true }
  const searched = breadthFirst(view, search, meter)
  const isLimited = meter.stopped === 'limit'
  if (isLimited) meter.stopped = null
  const { count } = searched
  const entities = reachedOf(view, searched)
  const found = edgesBetween(view, search.mask, count, meter)
  const ahead = searched.aheadEdges + found.aheadEdges
  const cost = meter.cost(view.seq, count, ahead)
  const { edges } = found
  if (isLimited || edges.length > edgeLimit) meter.stopped ??= 'limit'
  return {
    stopped: meter.stopped,
    entities,
    edges: edges.slice(0, edgeLimit).map(({ createdSeq, edge, from, to }): Edge => {
      const type = view.edgeTypeOf(edge)
      return { createdSeq, type, from: view.idOf(from), to: view.idOf(to) }
    }),
    cost,
  }
}

type Found = {
  readonly createdSeq: number
  readonly edge: number
  readonly from: number
  readonly to: number
}

/** Edges between the nodes in the queue, by `created_seq`, as far as the meter lets it look. */
function edgesBetween(view: GraphView, mask: Uint8Array | null, count: number, meter: Meter) {
  const { workspace } = view
  const nodes = workspace.queue.values
  // The search also marked what a filter turned away, so what was reached is marked anew.
  const table = workspace.reached
  table.begin(view.nodeNumbers)
  const { marks, mark } = table
  for (let position = 0; position < count; position += 1) marks[nodes[position] ?? 0] = mark
  const adjacency = new Adjacency(view, mask)
  const edges: Found[] = []
  let aheadEdges = 0
  for (let position = 0; position < count && meter.stopped === null; position += 1) {
    const from = nodes[position] ?? 0
    adjacency.openOut(from)
    const { targets, start } = adjacency
    const end = start + meter.take(adjacency.end - start)
    for (let i = start; i < end; i += 1) {
      const to = targets[i] ?? 0
      if (marks[to] !== mark) continue
      const edge = adjacency.edgeAt(i)
      edges.push({ createdSeq: view.seqOf(edge), edge, from, to })
    }
    if (meter.stopped !== null) {
      const rest = degreesOf(view, nodes.subarray(position + 1, count), 'out')
      aheadEdges = adjacency.end - end + rest
    }
  }
  edges.sort((a, b) => a.createdSeq - b.createdSeq)
  return { edges, aheadEdges }
}
