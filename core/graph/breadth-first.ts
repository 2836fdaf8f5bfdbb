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
  const { direction, depth } = search
  const frontier = new Frontier(view, search, meter)
  const levels = [0, frontier.count]
  let position = 0
  for (let hops = 0; hops < depth && position < frontier.count; hops += 1) {
    for (const levelEnd = frontier.count; position < levelEnd; position += 1) {
      frontier.expand(position)
      if (meter.stopped === null) continue
      const { count, untaken } = frontier
      const last = hops + 1 < depth ? count : levelEnd
      const nodes = view.workspace.queue.values.subarray(position + 1, last)
      const aheadEdges = meter.stopped === 'limit' ? 0 : untaken + degreesOf(view, nodes, direction)
      return { count, levels: closed(levels, count), aheadEdges }
    }
    closed(levels, frontier.count)
  }
  return { count: frontier.count, levels, aheadEdges: 0 }
}

/** What a search has reached so far. */
class Frontier {
  readonly #view: GraphView
  readonly #search: BreadthFirst
  readonly #meter: Meter
  readonly #adjacency: Adjacency
  /** As many nodes as may be reached; infinite to count them all. */
  readonly #limitAt: number
  /** As many as there can be: none of the lists grows beyond. */
  readonly #most: number
  count = 0
  /** Of the node at which the meter gave out, edges that it did not grant. */
  untaken = 0

  constructor(view: GraphView, search: BreadthFirst, meter: Meter) {
    const { starts, limit, mask } = search
    const { reached, queue } = view.workspace
    this.#view = view
    this.#search = search
    this.#meter = meter
    this.#adjacency = new Adjacency(view, mask)
    reached.begin(view.nodeNumbers)
    const nodes = queue.reserve(starts.length)
    for (const node of starts) {
      if (reached.marks[node] === reached.mark) continue
      reached.marks[node] = reached.mark
      nodes[this.count] = node
      this.count += 1
    }
    this.#limitAt = this.count + limit
    this.#most = Math.min(this.#limitAt, view.nodeNumbers)
  }

  /** Adds what the node at this position leads to, until the meter stops the search. */
  expand(position: number): void {
    const { workspace } = this.#view
    const { direction, filter, withTree } = this.#search
    const { marks, mark } = workspace.reached
    const adjacency = this.#adjacency
    const meter = this.#meter
    const node = workspace.queue.values[position] ?? 0
    let { count } = this
    for (let side = direction === 'in' ? 1 : 0; side < (direction === 'out' ? 1 : 2); side += 1) {
      adjacency.open(node, side === 0)
      const { targets, start } = adjacency
      const end = start + meter.take(adjacency.end - start)
      const room = Math.min(count + end - start, this.#most)
      const queue = workspace.queue.reserve(room, this.#most)
      const parents = withTree ? workspace.parents.reserve(room, this.#most) : null
      const vias = withTree ? workspace.vias.reserve(room, this.#most) : null
      for (let i = start; i < end; i += 1) {
        const target = targets[i] ?? 0
        if (marks[target] === mark) continue
        marks[target] = mark
        if (filter !== null && !filter.passes(target)) continue
        if (count === this.#limitAt) {
          meter.endEarly(end - i - 1)
          break
        }
        queue[count] = target
        if (parents !== null && vias !== null) {
          parents[count] = position
          vias[count] = adjacency.edgeAt(i) * 2 + side
        }
        count += 1
      }
      this.count = count
      if (meter.stopped !== null) {
        this.untaken = adjacency.end - end
        return
      }
    }
  }
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
