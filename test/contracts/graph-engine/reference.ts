import type {
  Common,
  CommonRequest,
  Component,
  ComponentRequest,
  Degree,
  DegreeRequest,
  Direction,
  Filters,
  GraphEngine,
  Reached,
  Subgraph,
  SubgraphRequest,
  Traversal,
  TraverseRequest,
} from '../../../core/graph/engine.ts'
import type { GraphContents, WeighedEdge } from './contents.ts'
import { referenceGraph, type Way } from './reference-graph.ts'
import { referencePaths } from './reference-paths.ts'

/**
 * The contract of graph engines said once more, edge by edge and path by path, in the plainest words
 * that give the answer: for small graphs only, since it lists every path there is.
 */
export function referenceEngine(contents: GraphContents): GraphEngine {
  const graph = referenceGraph(contents)
  const { named, waysFrom, passes, hop, entity, meter, costOf, stoppedBy } = graph

  /** The search that traversals, subgraphs and components have in common. */
  function searchFrom(
    starts: readonly string[],
    direction: Direction,
    depth: number,
    room: number,
    filters: Filters,
    look: () => void,
  ) {
    const reached: Reached[] = []
    const seen = new Set<string>()
    for (const id of starts) {
      if (!seen.has(named(id))) reached.push({ ...entity(id), depth: 0, via: null })
      seen.add(id)
    }
    const full = reached.length + room
    const stopped = stoppedBy(() => {
      for (let position = 0; position < reached.length; position += 1) {
        const at = reached[position]
        if (!at || at.depth === depth) continue
        for (const way of waysFrom(at.id, direction, filters)) {
          look()
          if (seen.has(way.other) || !passes(way.other, filters)) continue
          if (reached.length === full) return 'limit'
          seen.add(way.other)
          reached.push({ ...entity(way.other), depth: at.depth + 1, via: hop(way) })
        }
      }
      return null
    })
    return { reached, stopped }
  }

  async function traverse(request: TraverseRequest): Promise<Traversal> {
    const { starts, direction = 'out', depth = 1, limit = 1_000, output = 'entities' } = request
    const counter = meter(request)
    const room = output === 'count' ? Number.POSITIVE_INFINITY : limit
    const { reached, stopped } = searchFrom(starts, direction, depth, room, request, counter.look)
    const deepest = reached.at(-1)?.depth ?? 0
    return {
      stopped,
      byDepth: Array.from(
        { length: deepest + 1 },
        (_, level) => reached.filter((each) => each.depth === level).length,
      ),
      entities: output === 'entities' ? reached : [],
      ids: output === 'ids' ? reached.map(({ id }) => id) : [],
      cost: costOf(request, stopped, reached.length, counter.edges),
    }
  }

  async function subgraph(request: SubgraphRequest): Promise<Subgraph> {
    const { starts, direction = 'out', depth = 1, limit = 1_000, edgeLimit = 5_000 } = request
    const counter = meter(request)
    const search = searchFrom(starts, direction, depth, limit, request, counter.look)
    const ids = new Set(search.reached.map(({ id }) => id))
    const between: WeighedEdge[] = []
    const stopped =
      search.stopped === 'cost'
        ? search.stopped
        : (stoppedBy(() => {
            for (const id of ids) {
              for (const { edge, other } of waysFrom(id, 'out', request)) {
                counter.look()
                if (ids.has(other)) between.push(edge)
              }
            }
            return between.length > edgeLimit ? 'limit' : null
          }) ?? search.stopped)
    between.sort((a, b) => a.createdSeq - b.createdSeq)
    return {
      stopped,
      entities: search.reached,
      edges: between.slice(0, edgeLimit).map(({ weight: _, ...edge }) => edge),
      cost: costOf(request, stopped, search.reached.length, counter.edges),
    }
  }

  async function component(request: ComponentRequest): Promise<Component> {
    const { limit = 1_000 } = request
    const counter = meter(request)
    const infinity = Number.POSITIVE_INFINITY
    const starts = [request.entity]
    const search = searchFrom(starts, 'both', infinity, infinity, request, counter.look)
    const { reached } = search
    const stopped = search.stopped ?? (reached.length > limit ? 'limit' : null)
    return {
      stopped,
      size: reached.length,
      ids: reached.slice(0, limit).map(({ id }) => id),
      cost: costOf(request, stopped, reached.length, counter.edges),
    }
  }

  async function degree(request: DegreeRequest): Promise<Degree> {
    const { direction = 'both' } = request
    const id = named(request.entity)
    const counter = meter(request)
    const counted: Way[] = []
    const stopped = stoppedBy(() => {
      for (const way of waysFrom(id, direction, request)) {
        counter.look()
        if (way.other === id || passes(way.other, request)) counted.push(way)
      }
      return null
    })
    const count = (passed: string, type?: string) =>
      counted.filter((way) => way.passed === passed && (type ?? way.edge.type) === way.edge.type)
        .length
    const names = [...new Set(counted.map(({ edge }) => edge.type))].sort()
    return {
      stopped,
      out: count('out'),
      in: count('in'),
      byType: names.map((type) => ({ type, out: count('out', type), in: count('in', type) })),
      cost: costOf(request, stopped, 1, counter.edges),
    }
  }

  async function common(request: CommonRequest): Promise<Common> {
    const { entities, direction = 'both', limit = 1_000 } = request
    const [a, b] = [named(entities[0]), named(entities[1])]
    const counter = meter(request)
    const seen: [Way[], Way[]] = [[], []]
    const cut = stoppedBy(() => {
      for (const side of [0, 1] as const) {
        for (const way of waysFrom(entities[side], direction, request)) {
          counter.look()
          seen[side].push(way)
        }
      }
      return null
    })
    const shared = [...new Set(seen[0].map(({ other }) => other))].flatMap((id) => {
      const first = seen[0].find(({ other }) => other === id)
      const second = seen[1].find(({ other }) => other === id)
      if (!first || !second || id === a || id === b || !passes(id, request)) return []
      return [{ ...entity(id), via: [hop(first), hop(second)] as const }]
    })
    const stopped = cut ?? (shared.length > limit ? 'limit' : null)
    return {
      stopped,
      count: shared.length,
      entities: shared.slice(0, limit),
      cost: costOf(request, stopped, new Set(entities).size + shared.length, counter.edges),
    }
  }

  return { traverse, subgraph, paths: referencePaths(graph), component, degree, common }
}
