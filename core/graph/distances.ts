import { Adjacency } from './adjacency.ts'
import type { GraphView } from './graph-view.ts'
import { Heap } from './heap.ts'
import type { Meter } from './meter.ts'
import { type PathSearch, reversed } from './shortest.ts'

/** The cost of a path or of what is left of it: weight first, then edges. */
export type Distance = { readonly weight: number; readonly hops: number }

/** Least distances to the end of a search, as far as they are known. */
export type Distances = {
  /** What is left from a node to the end, or less. */
  readonly weightFrom: (node: number) => number
  readonly hopsFrom: (node: number) => number
  readonly reached: number
}

/**
 * Distances to `to`, by Dijkstra's algorithm (1959) against the direction of the search, up to that of
 * `from`; of nodes farther away it is known that they are at least as far. `null` when no path leads
 * there or the meter stopped it. Without weights, every edge weighs nothing and hops decide.
 */
export function distancesTo(
  view: GraphView,
  search: PathSearch & { readonly weighted: boolean },
  meter: Meter,
): Distances | null {
  const { from, to, mask, filter, maxLength, weighted } = search
  const direction = reversed(search.direction)
  const table = view.workspace.reached
  table.begin(view.nodeNumbers)
  const { marks, mark } = table
  const slots = table.slots()
  const nodes = [to]
  const weights = [0]
  const hops = [0]
  const isFinal = [false]
  marks[to] = mark
  slots[to] = 0
  const heap = new Heap()
  heap.push(0, 0, 0)
  const adjacency = new Adjacency(view, mask)
  for (let slot = heap.pop(); slot !== undefined; slot = heap.pop()) {
    if (isFinal[slot]) continue
    isFinal[slot] = true
    const node = nodes[slot] ?? 0
    const weightHere = weights[slot] ?? 0
    const hopsHere = hops[slot] ?? 0
    if (node === from) {
      const finalSlot = (other: number): number => {
        const at = slots[other] ?? 0
        return marks[other] === mark && isFinal[at] ? at : slot
      }
      return {
        weightFrom: (other) => weights[finalSlot(other)] ?? 0,
        hopsFrom: (other) => hops[finalSlot(other)] ?? 0,
        reached: nodes.length,
      }
    }
    if (hopsHere === maxLength) continue
    for (let way = direction === 'in' ? 1 : 0; way < (direction === 'out' ? 1 : 2); way += 1) {
      adjacency.open(node, way === 0)
      const { targets, start, end } = adjacency
      if (meter.take(end - start) < end - start) return null
      for (let i = start; i < end; i += 1) {
        const target = targets[i] ?? 0
        if (filter !== null && target !== from && !filter.passes(target)) continue
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
          const isBetter =
            weight < former || (weight === former && hopsHere + 1 < (hops[known] ?? 0))
          if (!isBetter) continue
        }
        weights[known] = weight
        hops[known] = hopsHere + 1
        heap.push(known, weight, hopsHere + 1)
      }
    }
  }
  return null
}
