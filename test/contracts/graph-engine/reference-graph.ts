import { AppError, notFound } from '../../../core/errors.ts'
import type { Bounds, Cost, Direction, Filters, Hop, Stopped } from '../../../core/graph/engine.ts'
import type { GraphContents, WeighedEdge } from './contents.ts'

/** An edge as seen from one of its ends. */
export type Way = {
  readonly edge: WeighedEdge
  readonly passed: 'out' | 'in'
  readonly from: string
  readonly other: string
}

/** What stops a search; thrown by the edge that is one too many. */
const OUT_OF_BUDGET = Symbol('out of budget')

export type ReferenceGraph = ReturnType<typeof referenceGraph>

/** What the searches of the reference ask of a graph. */
export function referenceGraph(contents: GraphContents) {
  const types = new Map(contents.entities.map(({ id, type }) => [id, type]))

  function named(id: string): string {
    if (!types.has(id)) throw notFound(`entity ${id}`)
    return id
  }

  const known = new Map<string, readonly Way[]>()

  function waysFrom(id: string, direction: Direction, { types: wanted }: Filters): readonly Way[] {
    const key = JSON.stringify([id, direction, wanted ?? null])
    const ways = known.get(key) ?? listedWays(id, direction, wanted)
    known.set(key, ways)
    return ways
  }

  function listedWays(id: string, direction: Direction, wanted: Filters['types']): Way[] {
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

  return { named, waysFrom, passes, hop, entity, meter, costOf, stoppedBy }
}
