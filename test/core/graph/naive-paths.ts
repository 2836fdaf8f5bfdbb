import type { Direction, Path, Paths, PathsRequest } from '../../../core/graph/engine.ts'
import { Budget, hopOf, type Look, type NaiveEngine } from './naive-engine.ts'

type Walk = { readonly looks: readonly Look[]; readonly weight: number }

/** All paths without repeated entities, one after the other, sorted: only for small graphs. */
export function naivePaths(engine: NaiveEngine, request: PathsRequest): Paths {
  const { from, to, k = 1, weighted = false } = request
  engine.name(from)
  engine.name(to)
  const budget = new Budget(request)
  const maxLength = weighted ? Number.POSITIVE_INFINITY : (request.maxLength ?? 20)
  const nodes = weighted || k > 1 ? 0 : levelCost(engine, request, maxLength, budget)
  if (budget.isSpent) {
    return { ...engine.answered(request, 'cost', nodes, budget), paths: [], equallyShort: 0 }
  }
  const walks = allWalks(engine, request)
    .filter(({ looks }) => looks.length <= maxLength)
    .toSorted((a, b) => {
      return (
        a.weight - b.weight || a.looks.length - b.looks.length || compareLooks(a.looks, b.looks)
      )
    })
  const [first] = walks
  return {
    ...engine.answered(request, null, nodes, budget),
    paths: walks.slice(0, k).map((walk) => pathOf(engine, request, walk)),
    equallyShort: weighted
      ? null
      : walks.filter(({ looks }) => looks.length === first?.looks.length).length,
  }
}

function allWalks(engine: NaiveEngine, request: PathsRequest): Walk[] {
  const { from, to, direction = 'out', weighted = false } = request
  const walks: Walk[] = []
  const visit = (id: string, looks: readonly Look[], visited: readonly string[]): void => {
    if (id === to) {
      const weight = looks.reduceRight((sum, { relationship }) => weightOf(relationship) + sum, 0)
      walks.push({ looks, weight: weighted ? weight : 0 })
      return
    }
    for (const look of engine.looks(id, direction, request)) {
      if (visited.includes(look.to)) continue
      if (look.to !== to && !engine.passes(look.to, request)) continue
      if (weighted && Number.isNaN(weightOf(look.relationship))) continue
      visit(look.to, [...looks, look], [...visited, look.to])
    }
  }
  visit(from, [], [from])
  return walks
}

function weightOf({ weight }: { readonly weight: unknown }): number {
  return typeof weight === 'number' && weight >= 0 ? weight : Number.NaN
}

function compareLooks(a: readonly Look[], b: readonly Look[]): number {
  for (const [place, look] of a.entries()) {
    const other = b[place]
    if (!other) return 1
    if (look.passed !== other.passed) return look.passed === 'out' ? -1 : 1
    const bySeq = look.relationship.createdSeq - other.relationship.createdSeq
    if (bySeq !== 0) return bySeq
  }
  return 0
}

function pathOf(engine: NaiveEngine, request: PathsRequest, { looks, weight }: Walk): Path {
  const ids = [request.from, ...looks.map(({ to }) => to)]
  return {
    entities: ids.map((id) => engine.name(id)),
    hops: looks.map((look, place) => hopOf(look, ids[place] ?? '')),
    weight: request.weighted ? weight : null,
  }
}

/** The levels of the contract: spends their edges, and returns how many entities were reached. */
function levelCost(
  engine: NaiveEngine,
  request: PathsRequest,
  maxLength: number,
  budget: Budget,
): number {
  const { from, to, direction = 'out' } = request
  const against = direction === 'both' ? 'both' : direction === 'out' ? 'in' : 'out'
  type Side = { reached: Set<string>; level: string[]; direction: Direction }
  const near: Side = { reached: new Set([from]), level: [from], direction }
  const far: Side = { reached: new Set([to]), level: [to], direction: against }
  const total = () => new Set([...near.reached, ...far.reached]).size
  if (from === to) return 1
  for (let length = 1; length <= maxLength; length += 1) {
    const [side, other] = near.level.length <= far.level.length ? [near, far] : [far, near]
    if (side.level.length === 0) break
    const before = total()
    const next = new Set<string>()
    for (const id of side.level) {
      for (const { to: target } of engine.looks(id, side.direction, request)) {
        if (!budget.look()) return before
        const isEnd = target === from || target === to
        if (!side.reached.has(target) && (isEnd || engine.passes(target, request))) next.add(target)
      }
    }
    for (const id of next) side.reached.add(id)
    side.level = [...next]
    if (side.level.some((id) => other.reached.has(id))) break
  }
  return total()
}
