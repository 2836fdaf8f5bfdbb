import type { Now } from '../now.ts'
import { Adjacency } from './adjacency.ts'
import { type Common, type CommonRequest, DEFAULT_LISTED, type Hop } from './engine.ts'
import type { GraphView } from './graph-view.ts'
import { Meter } from './meter.ts'
import { type NodeFilter, nodeFilter, typeMask } from './node-filter.ts'
import { hopOf, nameOf, nodeNamed } from './prepare.ts'

/** Entities that both lead to: see `CommonRequest`. */
export function common(view: GraphView, request: CommonRequest, now: Now): Common {
  const { entities, limit = DEFAULT_LISTED } = request
  const meter = new Meter(request, now)
  const [a, b] = [nodeNamed(view, entities[0]), nodeNamed(view, entities[1])]
  const filter = nodeFilter(request, view)
  const ofFirst = firstEdges(view, request, a, meter)
  const ofSecond = meter.stopped === null ? firstEdges(view, request, b, meter) : new Map()
  const shared: { node: number; vias: readonly [number, number] }[] = []
  for (const [node, via] of ofFirst) {
    const other = ofSecond.get(node)
    if (other === undefined || node === a || node === b || !passes(filter, node)) continue
    shared.push({ node, vias: [via, other] })
  }
  const cost = meter.cost(view.seq, (a === b ? 1 : 2) + shared.length)
  const hop = (via: number, from: number): Hop => {
    return hopOf(view, via >>> 1, (via & 1) === 1, view.idOf(from))
  }
  return {
    stopped: meter.stopped ?? (shared.length > limit ? 'limit' : null),
    count: shared.length,
    entities: shared.slice(0, limit).map(({ node, vias }) => {
      return { ...nameOf(view, node), via: [hop(vias[0], a), hop(vias[1], b)] as const }
    }),
    cost,
  }
}

function passes(filter: NodeFilter | null, node: number): boolean {
  return filter === null || filter.passes(node)
}

/** By neighbour, in the order of the edges, the first edge to it: doubled, plus 1 where passed `in`. */
function firstEdges(view: GraphView, request: CommonRequest, node: number, meter: Meter) {
  const { direction = 'both' } = request
  const adjacency = new Adjacency(view, typeMask(request, view))
  const vias = new Map<number, number>()
  const sides = direction === 'both' ? [0, 1] : [direction === 'out' ? 0 : 1]
  for (const side of sides) {
    if (meter.stopped !== null) break
    adjacency.open(node, side === 0)
    const { targets, start } = adjacency
    const end = start + meter.take(adjacency.end - start)
    for (let i = start; i < end; i += 1) {
      const target = targets[i] ?? 0
      if (!vias.has(target)) vias.set(target, adjacency.edgeAt(i) * 2 + side)
    }
  }
  return vias
}
