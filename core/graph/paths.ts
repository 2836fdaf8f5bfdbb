import type { Now } from '../now.ts'
import { bestRoute, compareRanks } from './best-route.ts'
import { type Distances, distancesTo } from './distances.ts'
import { DEFAULT_PATH_LENGTH, type Path, type Paths, type PathsRequest } from './engine.ts'
import type { GraphView } from './graph-view.ts'
import { Meter } from './meter.ts'
import { nodeFilter, typeMask } from './node-filter.ts'
import { hopOf, nameOf, nodeNamed } from './prepare.ts'
import { type PathSearch, type Route, shortest } from './shortest.ts'

type Search = PathSearch & { readonly weighted: boolean }

/** The shortest path or paths: see `PathsRequest`. */
export function paths(view: GraphView, request: PathsRequest, now: Now): Paths {
  const { direction = 'out', k = 1, weighted = false } = request
  const meter = new Meter(request, now)
  const search: Search = {
    from: nodeNamed(view, request.from),
    to: nodeNamed(view, request.to),
    mask: typeMask(request, view),
    filter: nodeFilter(request, view),
    maxLength: weighted ? Number.POSITIVE_INFINITY : (request.maxLength ?? DEFAULT_PATH_LENGTH),
    direction,
    weighted,
  }
  const found = weighted ? null : shortest(view, search, meter)
  const routes: Ranked[] = []
  if (found?.route) routes.push(ranked(view, search, found.route, 0))
  let reached = found?.reached ?? 1
  const isEnough = search.from === search.to || (found !== null && (k === 1 || !found.route))
  if (search.from === search.to && weighted) {
    routes.push({ nodes: [search.from], vias: [], weight: 0, deviation: 0 })
  }
  if (!isEnough && meter.stopped === null) {
    const { queue, backQueue, alsoReached } = view.workspace
    queue.release()
    backQueue.release()
    const distances = distancesTo(view, search, k, meter)
    if (distances) {
      reached = distances.reached
      addRoutes(view, search, distances, k, routes, meter)
      alsoReached.release()
    }
  }
  const cost = meter.cost(view.seq, reached, found?.aheadEdges ?? 0)
  return {
    stopped: meter.stopped,
    paths: routes.map((route) => pathOf(view, route, weighted)),
    equallyShort: found ? found.count : null,
    cost,
  }
}

type Ranked = Route & {
  readonly weight: number
  /** Place of the first edge in which it differs from the path that it was derived from. */
  readonly deviation: number
}

/**
 * Adds to `routes`, which holds none or the first, until there are `k` or no more: Yen (1971), looking only
 * behind where a path left the one before it (Lawler 1972).
 */
function addRoutes(
  view: GraphView,
  search: Search,
  distances: Distances,
  k: number,
  routes: Ranked[],
  meter: Meter,
): void {
  const none = new Set<number>()
  if (routes.length === 0) {
    const first = bestRoute(view, { ...search, closed: none, shut: none }, distances, meter)
    if (!first) return
    routes.push(ranked(view, search, first, 0))
  }
  const candidates: Ranked[] = []
  for (let last = routes.at(-1); last && routes.length < k; last = routes.at(-1)) {
    for (let place = last.deviation; place < last.vias.length; place += 1) {
      const beginning = last.vias.slice(0, place)
      const spur = bestRoute(
        view,
        {
          ...search,
          from: last.nodes[place] ?? 0,
          maxLength: search.maxLength - place,
          closed: new Set(last.nodes.slice(0, place)),
          shut: new Set(routes.filter(beginsWith(beginning)).map(({ vias }) => vias[place] ?? 0)),
        },
        distances,
        meter,
      )
      if (meter.stopped !== null) return
      if (!spur) continue
      const nodes = [...last.nodes.slice(0, place), ...spur.nodes]
      candidates.push(ranked(view, search, { nodes, vias: [...beginning, ...spur.vias] }, place))
    }
    candidates.sort((a, b) => compareRoutes(view, b, a))
    const next = candidates.pop()
    if (!next) return
    routes.push(next)
  }
}

function beginsWith(beginning: readonly number[]): (route: Route) => boolean {
  return ({ vias }) => beginning.every((via, place) => vias[place] === via)
}

function ranked(view: GraphView, { weighted }: Search, route: Route, deviation: number): Ranked {
  let weight = 0
  if (weighted) for (const via of route.vias.toReversed()) weight += view.weightOf(via >>> 1)
  return { ...route, weight, deviation }
}

function compareRoutes(view: GraphView, a: Ranked, b: Ranked): number {
  const byLength = a.weight - b.weight || a.vias.length - b.vias.length
  if (byLength !== 0) return byLength
  const place = a.vias.findIndex((via, at) => via !== b.vias[at])
  return place < 0 ? 0 : compareRanks(view, a.vias[place] ?? 0, b.vias[place] ?? 0)
}

function pathOf(view: GraphView, { nodes, vias, weight }: Ranked, weighted: boolean): Path {
  const entities = nodes.map((node) => nameOf(view, node))
  const hops = vias.map((via, place) => {
    return hopOf(view, via >>> 1, (via & 1) === 1, entities[place]?.id ?? '')
  })
  return { entities, hops, weight: weighted ? weight : null }
}
