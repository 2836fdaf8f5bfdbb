import { Adjacency } from './adjacency.ts'
import type { Distances } from './distances.ts'
import type { GraphView } from './graph-view.ts'
import { Heap } from './heap.ts'
import type { Meter } from './meter.ts'
import type { PathSearch, Route } from './shortest.ts'

/** More than any path has edges: two counts of edges fit into one key. */
const HOPS = 2 ** 24

export type RouteSearch = PathSearch & {
  readonly weighted: boolean
  /** Nodes that must not be entered, and edges by which `from` must not be left, as in `Route`. */
  readonly closed: ReadonlySet<number>
  readonly shut: ReadonlySet<number>
}

/** Below 0 when the rank of the edge `a` comes before that of `b`; both leave the same node. */
export function compareRanks(view: GraphView, a: number, b: number): number {
  return (a & 1) - (b & 1) || view.seqOf(a >>> 1) - view.seqOf(b >>> 1)
}

/**
 * The first path, in the order of the contract, from `from` to the end that the distances lead to: A*
 * (Hart, Nilsson and Raphael 1968). Of equally good ways to a node the one whose ranks come first is kept:
 * all of them are known when it is left, since of equal estimates the shorter way so far goes first.
 */
export function bestRoute(
  view: GraphView,
  search: RouteSearch,
  distances: Distances,
  meter: Meter,
): Route | null {
  const { from, to, direction, mask, filter, maxLength, weighted, closed, shut } = search
  const table = view.workspace.alsoReached
  table.begin(view.nodeNumbers)
  const { marks, mark } = table
  const slots = table.slots()
  const way: Ways = { nodes: [from], weights: [0], hops: [0], parents: [0], vias: [0] }
  const { nodes, weights, hops, parents, vias } = way
  const isLeft = [false]
  marks[from] = mark
  slots[from] = 0
  const heap = new Heap()
  heap.push(0, 0, 0)
  const adjacency = new Adjacency(view, mask)
  for (let slot = heap.pop(); slot !== undefined; slot = heap.pop()) {
    if (isLeft[slot]) continue
    isLeft[slot] = true
    const node = nodes[slot] ?? 0
    if (node === to) return routeTo(way, slot)
    const hopsHere = hops[slot] ?? 0
    const weightHere = weights[slot] ?? 0
    for (let side = direction === 'in' ? 1 : 0; side < (direction === 'out' ? 1 : 2); side += 1) {
      adjacency.open(node, side === 0)
      const { targets, start, end } = adjacency
      if (meter.take(end - start) < end - start) return null
      for (let i = start; i < end; i += 1) {
        const target = targets[i] ?? 0
        if (closed.has(target)) continue
        if (filter !== null && target !== to && !filter.passes(target)) continue
        const hopsThere = hopsHere + 1
        const hopsInAll = hopsThere + distances.hopsFrom(target)
        if (hopsInAll > maxLength || hopsInAll === Number.POSITIVE_INFINITY) continue
        const edge = adjacency.edgeAt(i)
        const via = edge * 2 + side
        if (node === from && shut.has(via)) continue
        const weight = weighted ? weightHere + view.weightOf(edge) : 0
        if (Number.isNaN(weight)) continue
        let known = slots[target] ?? 0
        if (marks[target] !== mark) {
          known = nodes.length
          marks[target] = mark
          slots[target] = known
          nodes.push(target)
        } else {
          const former = weights[known] ?? 0
          const formerHops = hops[known] ?? 0
          if (weight > former || (weight === former && hopsThere > formerHops)) continue
          if (weight === former && hopsThere === formerHops) {
            if (!isLeft[known] && comesBefore(view, way, slot, via, known)) {
              parents[known] = slot
              vias[known] = via
            }
            continue
          }
        }
        weights[known] = weight
        hops[known] = hopsThere
        parents[known] = slot
        vias[known] = via
        isLeft[known] = false
        heap.push(known, weight + distances.weightFrom(target), hopsInAll * HOPS + hopsThere)
      }
    }
  }
  return null
}

/** What is known of the nodes reached, and how each was reached. */
type Ways = {
  readonly nodes: number[]
  readonly weights: number[]
  readonly hops: number[]
  readonly parents: number[]
  readonly vias: number[]
}

/** Whether the way by `slot` and `via` ranks before the known one, which has as many edges. */
function comesBefore(
  view: GraphView,
  { parents, vias }: Ways,
  slot: number,
  via: number,
  known: number,
): boolean {
  let a = slot
  let b = parents[known] ?? 0
  let viaA = via
  let viaB = vias[known] ?? 0
  while (a !== b) {
    viaA = vias[a] ?? 0
    viaB = vias[b] ?? 0
    a = parents[a] ?? 0
    b = parents[b] ?? 0
  }
  return compareRanks(view, viaA, viaB) < 0
}

function routeTo({ nodes, parents, vias }: Ways, slot: number): Route {
  const passed: number[] = []
  const entered = [nodes[slot] ?? 0]
  for (let at = slot; at !== 0; at = parents[at] ?? 0) {
    passed.push(vias[at] ?? 0)
    entered.push(nodes[parents[at] ?? 0] ?? 0)
  }
  return { nodes: entered.reverse(), vias: passed.reverse() }
}
