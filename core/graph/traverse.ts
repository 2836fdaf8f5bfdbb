import type { Now } from '../now.ts'
import { type BreadthFirst, breadthFirst, type Searched } from './breadth-first.ts'
import {
  DEFAULT_DEPTH,
  DEFAULT_LISTED,
  type Reached,
  type Traversal,
  type TraverseRequest,
} from './engine.ts'
import type { GraphView } from './graph-view.ts'
import { Meter } from './meter.ts'
import { nodeFilter, typeMask } from './node-filter.ts'
import { hopOf, nodeNamed } from './prepare.ts'

/** Breadth-first search from the starts: see `TraverseRequest`. */
export function traverse(view: GraphView, request: TraverseRequest, now: Now): Traversal {
  const { output = 'entities', limit = DEFAULT_LISTED } = request
  const meter = new Meter(request, now)
  const searched = breadthFirst(
    view,
    {
      ...searchOf(view, request),
      limit: output === 'count' ? Number.POSITIVE_INFINITY : limit,
      withTree: output === 'entities',
    },
    meter,
  )
  const { count, levels, aheadEdges } = searched
  const cost = meter.cost(view.seq, count, aheadEdges)
  return {
    stopped: meter.stopped,
    byDepth: levels.slice(1).map((end, depth) => end - (levels[depth] ?? 0)),
    entities: output === 'entities' ? reachedOf(view, searched) : [],
    ids: output === 'ids' ? view.idsOf(view.workspace.queue.values, count) : [],
    cost,
  }
}

/** What all searches by depth take from their requests. */
export function searchOf(
  view: GraphView,
  request: Omit<TraverseRequest, 'output'>,
): Omit<BreadthFirst, 'limit' | 'withTree'> {
  const { starts, direction = 'out', depth = DEFAULT_DEPTH } = request
  return {
    starts: starts.map((id) => nodeNamed(view, id)),
    mask: typeMask(request, view),
    filter: nodeFilter(request, view),
    direction,
    depth,
  }
}

/** The entities in the workspace, with their tree edges. */
export function reachedOf(view: GraphView, { count, levels }: Searched): Reached[] {
  const { queue, parents, vias } = view.workspace
  const ids = view.idsOf(queue.values, count)
  const reached: Reached[] = []
  for (let depth = 0; depth + 1 < levels.length; depth += 1) {
    const end = levels[depth + 1] ?? 0
    for (let position = levels[depth] ?? 0; position < end; position += 1) {
      const node = queue.values[position] ?? 0
      const id = ids[position] ?? ''
      const type = view.typeOf(node)
      if (depth === 0) reached.push({ id, type, depth, via: null })
      else {
        const via = vias.values[position] ?? 0
        const parent = parents.values[position] ?? 0
        const hop = hopOf(view, via >>> 1, (via & 1) === 1, ids[parent] ?? '')
        reached.push({ id, type, depth, via: hop })
      }
    }
  }
  return reached
}
