import type { Now } from '../now.ts'
import { breadthFirst } from './breadth-first.ts'
import { type Component, type ComponentRequest, DEFAULT_LISTED } from './engine.ts'
import type { GraphView } from './graph-view.ts'
import { Meter } from './meter.ts'
import { nodeFilter, typeMask } from './node-filter.ts'
import { nodeNamed } from './prepare.ts'

/** All that is connected with an entity: see `ComponentRequest`. */
export function component(view: GraphView, request: ComponentRequest, now: Now): Component {
  const { entity, limit = DEFAULT_LISTED } = request
  const meter = new Meter(request, now)
  const search = {
    starts: [nodeNamed(view, entity)],
    direction: 'both',
    depth: Number.POSITIVE_INFINITY,
    limit: Number.POSITIVE_INFINITY,
    mask: typeMask(request, view),
    filter: nodeFilter(request, view),
    withTree: false,
  } as const
  const { count, aheadEdges } = breadthFirst(view, search, meter)
  const cost = meter.cost(view.seq, count, aheadEdges)
  const stopped = meter.stopped ?? (count > limit ? 'limit' : null)
  const ids = view.idsOf(view.workspace.queue.values, Math.min(count, limit))
  return { stopped, size: count, ids, cost }
}
