import { AppError, notFound } from '../../../core/errors.ts'
import type {
  Bounds,
  Common,
  CommonRequest,
  Component,
  ComponentRequest,
  Cost,
  Degree,
  DegreeRequest,
  Direction,
  Filters,
  GraphEngine,
  Hop,
  Paths,
  PathsRequest,
  Reached,
  Stopped,
  Subgraph,
  SubgraphRequest,
  Traversal,
  TraverseRequest,
} from '../../../core/graph/engine.ts'
import type { GraphContents, WeighedEdge } from './contents.ts'

/** An edge as seen from one of its ends. */
type Way = {
  readonly edge: WeighedEdge
  readonly passed: 'out' | 'in'
  readonly from: string
  readonly other: string
}

/** What stops a search; thrown by the edge that is one too many. */
const OUT_OF_BUDGET = Symbol('out of budget')

/**
 * The contract of graph engines said once more, edge by edge and path by path, in the plainest words
 * that give the answer: for small graphs only, since it lists every path there is.
 */
export function referenceEngine(contents: GraphContents): GraphEngine {
  const types = new Map(contents.entities.map(({ id, type }) => [id, type]))

  function named(id: string): string {
    if (!types.has(id)) throw notFound(`entity ${id}`)
    return id
  }

  function waysFrom(id: string, direction: Direction, { types: wanted }: Filters): Way[] {
    const ofType = contents.edges
      .filter(({ type }) => wanted === undefined || wanted.includes(type))
      .toSorted((a, b) => a.createdSeq - b.createdSeq)
    const out = ofType.filter(({ from }) => from === id)
    const into = ofType.filter(({ to }) => to === id)
    return [
      ...(direction === 'in'
        ? []
        : out.map((edge): Way => ({ edge, passed: 'out', from: id, other: edge.to }))),
      ...(direction === 'out'
        ? []
        : into.map((edge): Way => ({ edge, passed: 'in', from: id, other: edge.from }))),
    ]
  }

  function passes(id: string, { entityTypes, candidates }: Filters): boolean {
    const type = types.get(id) ?? ''
    return (entityTypes?.includes(type) ?? true) && (candidates?.includes(id) ?? true)
  }

  function hop({ edge, passed, from }: Way): Hop {
    return { createdSeq: edge.createdSeq, type: edge.type, passed, from }
  }

  function entity(id: string) {
    return { id, type: types.get(id) ?? '' }
  }

  /** Counts edges; `look` throws before it looks at one too many. */
  function meter({ maxEdges = 1_000_000 }: Bounds) {
    const counter = { edges: 0, look }
    function look(): void {
      if (counter.edges === maxEdges) throw OUT_OF_BUDGET
      counter.edges += 1
    }
    return counter
  }

  function costOf(request: Bounds, stopped: Stopped | null, nodes: number, edges: number): Cost {
    if (request.onCap === 'error' && stopped === 'cost') {
      throw new AppError('cost_exceeded', 'costs more', { estimatedEdges: edges + 1 })
    }
    const maxEdges = request.maxEdges ?? 1_000_000
    return { engine: 'memory', seq: contents.seq, nodes, edges, maxEdges, ms: 0 }
  }

  function stoppedBy(run: () => 'limit' | null): Stopped | null {
    try {
      return run()
    } catch (error) {
      if (error !== OUT_OF_BUDGET) throw error
      return 'cost'
    }
  }

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

  /** Every path without repeated entities, in no particular order. */
  function allPaths(request: PathsRequest): Way[][] {
    const { from, to, direction = 'out', weighted = false } = request
    const longest = weighted ? Number.POSITIVE_INFINITY : (request.maxLength ?? 20)
    const found: Way[][] = []
    function extend(at: string, before: readonly Way[], used: ReadonlySet<string>): void {
      if (at === to) {
        found.push([...before])
        return
      }
      if (before.length >= longest) return
      for (const way of waysFrom(at, direction, request)) {
        const { weight } = way.edge
        if (weighted && !(typeof weight === 'number' && weight >= 0)) continue
        if (used.has(way.other) || (way.other !== to && !passes(way.other, request))) continue
        extend(way.other, [...before, way], new Set([...used, way.other]))
      }
    }
    extend(from, [], new Set([from]))
    return found
  }

  function weightOf(path: readonly Way[]): number {
    return path.reduceRight((sum, { edge }) => Number(edge.weight) + sum, 0)
  }

  function comparePaths(weighted: boolean) {
    const rank = (way: Way | undefined) => [way?.passed === 'in' ? 1 : 0, way?.edge.createdSeq ?? 0]
    return (a: readonly Way[], b: readonly Way[]): number => {
      if (weighted && weightOf(a) !== weightOf(b)) return weightOf(a) - weightOf(b)
      if (a.length !== b.length) return a.length - b.length
      for (const [i, way] of a.entries()) {
        const [side = 0, seq = 0] = rank(way)
        const [otherSide = 0, otherSeq = 0] = rank(b[i])
        if (side !== otherSide || seq !== otherSeq) return side - otherSide || seq - otherSeq
      }
      return 0
    }
  }

  /** The search from both ends, for what it costs. */
  function searchBothEnds(request: PathsRequest) {
    const { from, to, direction = 'out', maxLength = 20 } = request
    const counter = meter(request)
    const against = direction === 'both' ? 'both' : direction === 'out' ? 'in' : 'out'
    const sides = [
      { reached: new Set([from]), direction, end: to },
      { reached: new Set([to]), direction: against, end: from },
    ] as const
    const last: string[][] = [[from], [to]]
    const nodes = () => new Set([...sides[0].reached, ...sides[1].reached]).size
    const budget = request.maxEdges ?? 1_000_000
    for (let grown = 0; from !== to && grown < maxLength; grown += 1) {
      const [first = [], second = []] = last
      if (first.length === 0 || second.length === 0) break
      const which = first.length <= second.length ? 0 : 1
      const { reached, direction: way, end } = sides[which]
      const ways = (last[which] ?? []).flatMap((id) => waysFrom(id, way, request))
      if (counter.edges + ways.length > budget) {
        return { stopped: 'cost' as const, nodes: nodes(), edges: budget }
      }
      counter.edges += ways.length
      const next = new Set(
        ways
          .map(({ other }) => other)
          .filter((id) => !reached.has(id) && (id === end || passes(id, request))),
      )
      for (const id of next) reached.add(id)
      last[which] = [...next]
      if ([...next].some((id) => sides[which === 0 ? 1 : 0].reached.has(id))) break
    }
    return { stopped: null, nodes: nodes(), edges: counter.edges }
  }

  async function paths(request: PathsRequest): Promise<Paths> {
    const { k = 1, weighted = false } = request
    named(request.from)
    named(request.to)
    const both = searchBothEnds(request)
    const isCut = both.stopped !== null && k === 1 && !weighted
    const all = isCut ? [] : allPaths(request).sort(comparePaths(weighted))
    const [shortest] = all
    const stopped = isCut ? both.stopped : null
    return {
      stopped,
      paths: all.slice(0, k).map((path) => ({
        entities: [entity(request.from), ...path.map(({ other }) => entity(other))],
        hops: path.map(hop),
        weight: weighted ? weightOf(path) : null,
      })),
      equallyShort: weighted ? null : all.filter((path) => path.length === shortest?.length).length,
      cost: costOf(request, stopped, both.nodes, both.edges),
    }
  }

  return { traverse, subgraph, paths, component, degree, common }
}
