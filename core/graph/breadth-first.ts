import { Adjacency } from './adjacency.ts'
import type { Direction } from './engine.ts'
import type { GraphView } from './graph-view.ts'
import type { Meter } from './meter.ts'
import type { NodeFilter } from './node-filter.ts'

export type BreadthFirst = {
  readonly starts: readonly number[]
  readonly direction: Direction
  /** Most hops; infinite for a component. */
  readonly depth: number
  /** Most nodes besides the starts; infinite to count them all. */
  readonly limit: number
  readonly mask: Uint8Array | null
  readonly filter: NodeFilter | null
  /** Whether to keep for each node the edge by which it was reached. */
  readonly withTree: boolean
}

/**
 * What a search reached, by position: `workspace.queue` holds the nodes, and with a tree `parents` the
 * positions that they were reached from and `vias` the edges, doubled, plus 1 where passed `in`.
 */
export type Searched = {
  readonly count: number
  /** Position of the first node of each depth that was reached, and the count. */
  readonly levels: readonly number[]
  /** Of a search that was stopped, edges that it would have looked at next, whatever their type. */
  readonly aheadEdges: number
}

/**
 * Breadth-first search (Moore 1959) with the queue as the numbering of the contract. Every node is marked
 * when it is met first, so each is looked up in the filter once, and no path is ever enumerated.
 */
export function breadthFirst(view: GraphView, search: BreadthFirst, meter: Meter): Searched {
  const { starts, direction, depth, limit, mask, filter, withTree } = search
  const { workspace } = view
  const table = workspace.reached
  table.begin(view.nodeNumbers)
  const { marks, mark } = table
  const adjacency = new Adjacency(view, mask)
  let queue = workspace.queue.reserve(starts.length)
  let parents: Uint32Array = workspace.parents.values
  let vias: Uint32Array = workspace.vias.values
  let count = 0
  for (const node of starts) {
    if (marks[node] === mark) continue
    marks[node] = mark
    queue[count] = node
    count += 1
  }
  const most = Math.min(count + limit, view.nodeNumbers)
  const full = count + limit
  const levels = [0, count]
  const firstSide = direction === 'in' ? 1 : 0
  const lastSide = direction === 'out' ? 0 : 1
  let position = 0
  for (let hops = 0; hops < depth && position < count; hops += 1) {
    for (const levelEnd = count; position < levelEnd; position += 1) {
      const node = queue[position] ?? 0
      for (let side = firstSide; side <= lastSide; side += 1) {
        adjacency.open(node, side === 0)
        const { targets, start } = adjacency
        const end = start + meter.take(adjacency.end - start)
        const room = Math.min(count + end - start, most)
        if (room > queue.length) queue = workspace.queue.reserve(room, most)
        if (withTree && room > vias.length) {
          parents = workspace.parents.reserve(room, most)
          vias = workspace.vias.reserve(room, most)
        }
        for (let i = start; i < end; i += 1) {
          const target = targets[i] ?? 0
          if (marks[target] === mark) continue
          marks[target] = mark
          if (filter !== null && !filter.passes(target)) continue
          if (count === full) {
            meter.endEarly(end - i - 1)
            return { count, levels: closed(levels, count), aheadEdges: 0 }
          }
          queue[count] = target
          if (withTree) {
            parents[count] = position
            vias[count] = adjacency.edgeAt(i) * 2 + side
          }
          count += 1
        }
        if (meter.stopped !== null) {
          const last = hops + 1 < depth ? count : levelEnd
          const nodes = queue.subarray(position + 1, last)
          const aheadEdges = adjacency.end - end + degreesOf(view, nodes, direction)
          return { count, levels: closed(levels, count), aheadEdges }
        }
      }
    }
    closed(levels, count)
  }
  return { count, levels, aheadEdges: 0 }
}

function closed(levels: number[], count: number): readonly number[] {
  if (count > (levels.at(-1) ?? 0)) levels.push(count)
  return levels
}

/** Edges of these nodes in the base: enough for an estimate. */
export function degreesOf({ base }: GraphView, nodes: Uint32Array, direction: Direction): number {
  const { outOffsets, inOffsets } = base
  let edges = 0
  for (const node of nodes) {
    if (node >= base.nodes) continue
    if (direction !== 'in') edges += (outOffsets[node + 1] ?? 0) - (outOffsets[node] ?? 0)
    if (direction !== 'out') edges += (inOffsets[node + 1] ?? 0) - (inOffsets[node] ?? 0)
  }
  return edges
}
