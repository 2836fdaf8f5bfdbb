import type { Now } from '../now.ts'
import { Adjacency } from './adjacency.ts'
import type { Degree, DegreeRequest } from './engine.ts'
import type { GraphView } from './graph-view.ts'
import { Meter } from './meter.ts'
import { nodeFilter, typeMask } from './node-filter.ts'
import { nodeNamed } from './prepare.ts'

/** Edges of an entity, by direction and type: see `DegreeRequest`. */
export function degree(view: GraphView, request: DegreeRequest, now: Now): Degree {
  const { entity, direction = 'both' } = request
  const meter = new Meter(request, now)
  const node = nodeNamed(view, entity)
  const filter = nodeFilter(request, view)
  const adjacency = new Adjacency(view, typeMask(request, view))
  const counts = new Map<string, { out: number; in: number }>()
  const totals = { out: 0, in: 0 }
  let aheadEdges = 0
  for (const side of direction === 'both' ? (['out', 'in'] as const) : [direction]) {
    if (meter.stopped !== null) break
    adjacency.open(node, side === 'out')
    const { targets, start } = adjacency
    const end = start + meter.take(adjacency.end - start)
    aheadEdges = adjacency.end - end
    for (let i = start; i < end; i += 1) {
      const target = targets[i] ?? 0
      if (filter !== null && target !== node && !filter.passes(target)) continue
      totals[side] += 1
      const type = view.edgeTypeOf(adjacency.edgeAt(i))
      const count = counts.get(type) ?? { out: 0, in: 0 }
      count[side] += 1
      counts.set(type, count)
    }
  }
  const cost = meter.cost(view.seq, 1, aheadEdges)
  const byType = [...counts].map(([type, count]) => ({ type, ...count }))
  byType.sort((a, b) => (a.type < b.type ? -1 : 1))
  return { stopped: meter.stopped, ...totals, byType, cost }
}
