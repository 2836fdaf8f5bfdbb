import type { GraphEngine, Paths, PathsRequest } from '../../../core/graph/engine.ts'
import type { ReferenceGraph, Way } from './reference-graph.ts'

/** Paths, by listing all there are. */
export function referencePaths(graph: ReferenceGraph): GraphEngine['paths'] {
  const { named, waysFrom, passes, hop, entity, meter, costOf } = graph

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

  return paths
}
