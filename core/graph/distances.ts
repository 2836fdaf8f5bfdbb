import { Adjacency } from './adjacency.ts'
import type { Direction } from './engine.ts'
import type { GraphView } from './graph-view.ts'
import { Heap } from './heap.ts'
import type { Meter } from './meter.ts'
import { type PathSearch, reversed } from './shortest.ts'
import type { NodeTable } from './workspace.ts'

/**
 * Lower bounds of what is left from a node to the end of a search: weight first, then edges. Infinite where
 * no path leads on.
 */
export type Distances = {
  readonly weightFrom: (node: number) => number
  readonly hopsFrom: (node: number) => number
  readonly reached: number
}

const LEAST_MORE_EDGES = 100_000

type DistanceSearch = PathSearch & { readonly weighted: boolean }

/** Least distances from one end, as far as it has been searched. */
type Side = {
  readonly direction: Direction
  /** The other end, which is entered whatever the filter says. */
  readonly goal: number
  readonly table: NodeTable
  readonly nodes: number[]
  readonly weights: number[]
  readonly hops: number[]
  /** Whether the distance is known for certain. */
  readonly isFinal: boolean[]
  readonly heap: Heap
  /** What was made final last, at least as far away as all before it. */
  last: number
}

type Best = { weight: number; hops: number }

/**
 * Distances to `to`, by Dijkstra's algorithm (1959) from both ends (Nicholson 1966): exact around `to`, and
 * elsewhere at least as large as the largest of these. How far it goes is decided by where the two
 * searches meet: a search from `from` by these bounds looks at little more than this one did. For `k`
 * paths there are some `k` · length such searches, and what is known around `to` makes each of them
 * cheaper as it grows; it grows by the root of their number, where the sum is least. `null` when no path leads there or the meter stopped it. Without weights every edge weighs nothing.
 */
export function distancesTo(
  view: GraphView,
  search: DistanceSearch,
  k: number,
  meter: Meter,
): Distances | null {
  const { from, to, direction } = search
  const edgesBefore = meter.edges
  const { reached, alsoReached } = view.workspace
  const near = newSide(view, from, to, direction, alsoReached)
  const far = newSide(view, to, from, reversed(direction), reached)
  const adjacency = new Adjacency(view, search.mask)
  const best: Best = { weight: Number.POSITIVE_INFINITY, hops: Number.POSITIVE_INFINITY }
  while (near.heap.size > 0 && far.heap.size > 0 && !haveMet(near, far, best)) {
    const [side, other] = near.heap.size < far.heap.size ? [near, far] : [far, near]
    settleNext(view, search, adjacency, side, other, best, meter)
    if (meter.stopped !== null) return null
  }
  // A weight may add up to more than a number holds; hops never do.
  if (best.hops === Number.POSITIVE_INFINITY) return null
  const searches = k === 1 ? 1 : k * best.hops
  const spent = meter.edges - edgesBefore
  const wanted = meter.edges + Math.min(spent * (searches - 1), moreEdges(spent, searches))
  const allowed = meter.edges + (meter.maxEdges - meter.edges) / 2
  const enough = Math.min(wanted, allowed)
  while (meter.edges < enough && far.heap.size > 0 && !isFinalAt(far, from)) {
    settleNext(view, search, adjacency, far, near, best, meter)
    if (meter.stopped !== null) return null
  }
  const { marks, mark } = reached
  const slots = reached.slots()
  const { nodes, weights, hops, isFinal, last } = far
  // Once all is known that leads to the end, what is not among it does not.
  const elsewhere = far.heap.size === 0 ? -1 : last
  const slotOf = (node: number): number => {
    const slot = slots[node] ?? 0
    return marks[node] === mark && isFinal[slot] ? slot : elsewhere
  }
  return {
    weightFrom: (node) => weights[slotOf(node)] ?? Number.POSITIVE_INFINITY,
    hopsFrom: (node) => hops[slotOf(node)] ?? Number.POSITIVE_INFINITY,
    reached: near.nodes.length + nodes.length,
  }
}

/** Where ends are close, other paths are often much longer: a little is always worth its while. */
function moreEdges(spent: number, searches: number): number {
  return Math.max(spent * (Math.sqrt(searches) - 1), LEAST_MORE_EDGES)
}

function isFinalAt({ table, isFinal }: Side, node: number): boolean {
  return table.marks[node] === table.mark && isFinal[table.slots()[node] ?? 0] === true
}

function newSide(
  view: GraphView,
  end: number,
  goal: number,
  direction: Direction,
  table: NodeTable,
): Side {
  table.begin(view.nodeNumbers)
  table.marks[end] = table.mark
  table.slots()[end] = 0
  const heap = new Heap()
  heap.push(0, 0, 0)
  const labels = { nodes: [end], weights: [0], hops: [0], isFinal: [false] }
  return { direction, goal, table, heap, last: 0, ...labels }
}

/** No path through what neither side has made final is better than the best that was found. */
function haveMet(near: Side, far: Side, best: Best): boolean {
  const weight = (near.weights[near.last] ?? 0) + (far.weights[far.last] ?? 0)
  const hops = (near.hops[near.last] ?? 0) + (far.hops[far.last] ?? 0)
  return weight > best.weight || (weight === best.weight && hops >= best.hops)
}

/** Makes the nearest node final, and looks at its edges. */
function settleNext(
  view: GraphView,
  { filter, weighted, maxLength }: DistanceSearch,
  adjacency: Adjacency,
  side: Side,
  other: Side,
  best: Best,
  meter: Meter,
): void {
  const { direction, goal, nodes, weights, hops, isFinal, heap } = side
  const { marks, mark } = side.table
  const slots = side.table.slots()
  const slot = heap.pop() ?? 0
  if (isFinal[slot]) return
  isFinal[slot] = true
  side.last = slot
  const node = nodes[slot] ?? 0
  const weightHere = weights[slot] ?? 0
  const hopsThere = (hops[slot] ?? 0) + 1
  if (hopsThere > maxLength) return
  for (let way = direction === 'in' ? 1 : 0; way < (direction === 'out' ? 1 : 2); way += 1) {
    adjacency.open(node, way === 0)
    const { targets, start, end } = adjacency
    if (meter.take(end - start) < end - start) return
    for (let i = start; i < end; i += 1) {
      const target = targets[i] ?? 0
      if (filter !== null && target !== goal && !filter.passes(target)) continue
      const weight = weighted ? weightHere + view.weightOf(adjacency.edgeAt(i)) : 0
      if (Number.isNaN(weight)) continue
      let known = slots[target] ?? 0
      if (marks[target] !== mark) {
        known = nodes.length
        marks[target] = mark
        slots[target] = known
        nodes.push(target)
        isFinal.push(false)
      } else {
        const former = weights[known] ?? 0
        const isBetter = weight < former || (weight === former && hopsThere < (hops[known] ?? 0))
        if (!isBetter) continue
      }
      weights[known] = weight
      hops[known] = hopsThere
      heap.push(known, weight, hopsThere)
      meet(other, target, weight, hopsThere, best)
    }
  }
}

/** The other side may know how it goes on from a node, and how well. */
function meet(other: Side, node: number, weightHere: number, hopsHere: number, best: Best): void {
  if (other.table.marks[node] !== other.table.mark) return
  const slot = other.table.slots()[node] ?? 0
  const weight = weightHere + (other.weights[slot] ?? 0)
  const hops = hopsHere + (other.hops[slot] ?? 0)
  if (weight < best.weight || (weight === best.weight && hops < best.hops)) {
    best.weight = weight
    best.hops = hops
  }
}
