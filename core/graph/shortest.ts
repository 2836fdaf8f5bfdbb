import { Adjacency } from './adjacency.ts'
import { degreesOf } from './breadth-first.ts'
import type { Direction } from './engine.ts'
import type { GraphView } from './graph-view.ts'
import type { Meter } from './meter.ts'
import type { NodeFilter } from './node-filter.ts'
import type { Numbers } from './workspace.ts'

export type PathSearch = {
  readonly from: number
  readonly to: number
  readonly direction: Direction
  readonly maxLength: number
  readonly mask: Uint8Array | null
  readonly filter: NodeFilter | null
}

/** Nodes from one end to the other, and the edges between: doubled, plus 1 where passed `in`. */
export type Route = { readonly nodes: readonly number[]; readonly vias: readonly number[] }

export type Shortest = {
  /** The first in the order of the contract; `null` when there is none or the search was stopped. */
  readonly route: Route | null
  /** How many there are of its length, at most `Number.MAX_SAFE_INTEGER`. */
  readonly count: number
  /** Nodes reached from either end. */
  readonly reached: number
  readonly aheadEdges: number
}

/** In place of the position, for a node that the filter turned away. */
const TURNED_AWAY = 0xffffffff

/** A search from one end. In the table of reached nodes stand a position and, in the last bit, its side. */
type Side = {
  readonly bit: 0 | 1
  readonly direction: Direction
  /** Nodes by position. */
  readonly queue: Numbers
  /** Position of the first node of each level, and the count. */
  readonly levels: number[]
  /** By position: number of shortest paths from the end, and the edge and the position it came by first. */
  readonly ways: number[]
  readonly vias: number[]
  readonly parents: number[]
}

/** Nodes of the other side that a level led to, in the order in which it did. */
type Met = Map<number, { ways: number; readonly via: number; readonly parent: number }>

/**
 * Bidirectional breadth-first search (Pohl 1971), a whole level at a time. On the side of `from`
 * positions are given as in a traversal, so of the nodes that both sides reach, the one with the
 * smallest position has the beginning whose ranks come first; from there it goes down the levels of the
 * other side by the first edge each time. Shortest paths are counted along, as in Brandes (2001).
 */
export function shortest(view: GraphView, search: PathSearch, meter: Meter): Shortest {
  const { from, to, direction, maxLength } = search
  if (from === to) {
    return { route: { nodes: [from], vias: [] }, count: 1, reached: 1, aheadEdges: 0 }
  }
  view.workspace.reached.begin(view.nodeNumbers)
  const near = newSide(view, from, 0, direction, view.workspace.queue)
  const far = newSide(view, to, 1, reversed(direction), view.workspace.backQueue)
  for (let length = 1; length <= maxLength; length += 1) {
    const isNear = outermost(near) <= outermost(far)
    const [side, other] = isNear ? [near, far] : [far, near]
    if (outermost(side) === 0) break
    const reached = near.ways.length + far.ways.length
    const met = grow(view, search, side, meter)
    if (meter.stopped !== null) {
      return { route: null, count: 0, reached, aheadEdges: aheadOf(view, side) }
    }
    if (met.size > 0) {
      const levelsLeft = far.levels.length - (isNear ? 2 : 1)
      const start = isNear ? firstMet(met, near) : nearestMet(met, near, view)
      return {
        route: walkDown(view, search, far, start, levelsLeft),
        count: countWays(met, other, view),
        reached: near.ways.length + far.ways.length,
        aheadEdges: 0,
      }
    }
    side.levels.push(side.ways.length)
  }
  return { route: null, count: 0, reached: near.ways.length + far.ways.length, aheadEdges: 0 }
}

export function reversed(direction: Direction): Direction {
  if (direction === 'both') return 'both'
  return direction === 'out' ? 'in' : 'out'
}

function newSide(
  view: GraphView,
  end: number,
  bit: 0 | 1,
  direction: Direction,
  queue: Numbers,
): Side {
  const { marks, mark } = view.workspace.reached
  marks[end] = mark
  view.workspace.reached.slots()[end] = bit
  queue.reserve(1)[0] = end
  return { bit, direction, queue, levels: [0, 1], ways: [1], vias: [0], parents: [0] }
}

function outermost({ levels }: Side): number {
  return (levels.at(-1) ?? 0) - (levels.at(-2) ?? 0)
}

function aheadOf(view: GraphView, { queue, levels, direction }: Side): number {
  return degreesOf(view, queue.values.subarray(levels.at(-2), levels.at(-1)), direction)
}

/** Looks at all edges of the outermost level, and adds what they lead to; not yet to `levels`. */
function grow(view: GraphView, search: PathSearch, side: Side, meter: Meter): Met {
  const { mask, filter } = search
  const { bit, direction, ways, vias, parents } = side
  const { marks, mark } = view.workspace.reached
  const slots = view.workspace.reached.slots()
  const adjacency = new Adjacency(view, mask)
  const met: Met = new Map()
  const levelEnd = side.levels.at(-1) ?? 0
  const most = view.nodeNumbers
  let queue: Uint32Array = side.queue.values
  for (let position = side.levels.at(-2) ?? 0; position < levelEnd; position += 1) {
    const node = queue[position] ?? 0
    const waysHere = ways[position] ?? 0
    for (let way = direction === 'in' ? 1 : 0; way < (direction === 'out' ? 1 : 2); way += 1) {
      adjacency.open(node, way === 0)
      const { targets, start, end } = adjacency
      if (meter.take(end - start) < end - start) return met
      queue = side.queue.reserve(Math.min(ways.length + end - start, most), most)
      for (let i = start; i < end; i += 1) {
        const target = targets[i] ?? 0
        if (marks[target] !== mark) {
          marks[target] = mark
          if (filter !== null && !filter.passes(target)) {
            slots[target] = TURNED_AWAY
            continue
          }
          const added = ways.length
          slots[target] = added * 2 + bit
          queue[added] = target
          ways.push(waysHere)
          vias.push(adjacency.edgeAt(i) * 2 + way)
          parents.push(position)
          continue
        }
        const slot = slots[target] ?? 0
        if (slot === TURNED_AWAY) continue
        if ((slot & 1) === bit) {
          const known = slot >>> 1
          if (known >= levelEnd) ways[known] = bounded((ways[known] ?? 0) + waysHere)
          continue
        }
        const former = met.get(target)
        if (former) former.ways = bounded(former.ways + waysHere)
        else
          met.set(target, { ways: waysHere, via: adjacency.edgeAt(i) * 2 + way, parent: position })
      }
    }
  }
  return met
}

function bounded(ways: number): number {
  return Math.min(ways, Number.MAX_SAFE_INTEGER)
}

/** Every shortest path passes exactly one of the nodes met, which all lie on the same level. */
function countWays(met: Met, other: Side, view: GraphView): number {
  const slots = view.workspace.reached.slots()
  let count = 0
  for (const [node, { ways }] of met) {
    const otherWays = other.ways[(slots[node] ?? 0) >>> 1] ?? 0
    count = bounded(count + bounded(ways * otherWays))
  }
  return count
}

/** The way to the node that the side of `from` met first. */
function firstMet(met: Met, near: Side): Route {
  for (const [node, { via, parent }] of met) {
    const { nodes, vias } = wayTo(near, parent)
    return { nodes: [...nodes, node], vias: [...vias, via] }
  }
  throw new Error('nothing was met')
}

/** The way to the node with the smallest position of those that the side of `to` met. */
function nearestMet(met: Met, near: Side, view: GraphView): Route {
  const slots = view.workspace.reached.slots()
  let nearest = Number.POSITIVE_INFINITY
  for (const node of met.keys()) nearest = Math.min(nearest, (slots[node] ?? 0) >>> 1)
  return wayTo(near, nearest)
}

function wayTo({ queue, vias, parents }: Side, position: number): Route {
  const nodes: number[] = []
  const passed: number[] = []
  for (let at = position; at !== 0; at = parents[at] ?? 0) {
    nodes.push(queue.values[at] ?? 0)
    passed.push(vias[at] ?? 0)
  }
  nodes.push(queue.values[0] ?? 0)
  return { nodes: nodes.reverse(), vias: passed.reverse() }
}

/** Goes on from the end of `start` to the end of the other side, `levelsLeft` edges away. */
function walkDown(
  view: GraphView,
  { mask, direction }: PathSearch,
  far: Side,
  start: Route,
  levelsLeft: number,
): Route {
  const { marks, mark } = view.workspace.reached
  const slots = view.workspace.reached.slots()
  const adjacency = new Adjacency(view, mask)
  const nodes = [...start.nodes]
  const vias = [...start.vias]
  for (let level = levelsLeft - 1; level >= 0; level -= 1) {
    const first = far.levels[level] ?? 0
    const end = far.levels[level + 1] ?? 0
    const leadsDown = (target: number): boolean => {
      const slot = slots[target] ?? 0
      const position = slot >>> 1
      const isFar = marks[target] === mark && slot !== TURNED_AWAY && (slot & 1) === 1
      return isFar && position >= first && position < end
    }
    const step = firstEdge(adjacency, nodes.at(-1) ?? 0, direction, leadsDown)
    nodes.push(step.target)
    vias.push(step.via)
  }
  return { nodes, vias }
}

function firstEdge(
  adjacency: Adjacency,
  node: number,
  direction: Direction,
  isWanted: (target: number) => boolean,
) {
  for (let way = direction === 'in' ? 1 : 0; way < (direction === 'out' ? 1 : 2); way += 1) {
    adjacency.open(node, way === 0)
    for (let i = adjacency.start; i < adjacency.end; i += 1) {
      const target = adjacency.targets[i] ?? 0
      if (isWanted(target)) return { target, via: adjacency.edgeAt(i) * 2 + way }
    }
  }
  throw new Error('a level leads to no node of the level below it')
}
