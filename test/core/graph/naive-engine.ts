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
  Edge,
  EntityName,
  Filters,
  GraphEngine,
  Hop,
  Passed,
  Reached,
  Stopped,
  Subgraph,
  SubgraphRequest,
  Traversal,
  TraverseRequest,
} from '../../../core/graph/engine.ts'
import { naivePaths } from './naive-paths.ts'
import type { PlainGraph, PlainRelationship } from './plain-graph.ts'

/** An edge as it is looked at from one of its ends. */
export type Look = {
  readonly relationship: PlainRelationship
  readonly passed: Passed
  readonly to: string
}

/** The budget of a search: `look` says whether one more edge may be looked at. */
export class Budget {
  readonly maxEdges: number
  edges = 0
  isSpent = false

  constructor({ maxEdges = 1_000_000 }: Bounds) {
    this.maxEdges = maxEdges
  }

  look(): boolean {
    this.isSpent ||= this.edges === this.maxEdges
    if (!this.isSpent) this.edges += 1
    return !this.isSpent
  }
}

/** What the contract says, read aloud: lists and maps, one edge at a time. */
export class NaiveEngine implements GraphEngine {
  readonly graph: PlainGraph
  readonly #looks = new Map<string, readonly Look[]>()

  constructor(graph: PlainGraph) {
    this.graph = graph
  }

  async traverse(request: TraverseRequest): Promise<Traversal> {
    const { output = 'entities', limit = 1_000 } = request
    const budget = new Budget(request)
    const found = this.#search(
      request,
      output === 'count' ? Number.POSITIVE_INFINITY : limit,
      budget,
    )
    const { reached } = found
    const stopped = budget.isSpent ? 'cost' : found.isLimited ? 'limit' : null
    const depths = reached.map(({ depth }) => depth)
    return {
      ...this.answered(request, stopped, reached.length, budget),
      byDepth: Array.from({ length: Math.max(...depths) + 1 }, (_, depth) => {
        return depths.filter((other) => other === depth).length
      }),
      entities: output === 'entities' ? reached : [],
      ids: output === 'ids' ? reached.map(({ id }) => id) : [],
    }
  }

  async subgraph(request: SubgraphRequest): Promise<Subgraph> {
    const { limit = 1_000, edgeLimit = 5_000 } = request
    const budget = new Budget(request)
    const { reached, isLimited } = this.#search(request, limit, budget)
    const edges: Edge[] = []
    for (const { id } of reached) {
      for (const { relationship, to } of this.looks(id, 'out', request)) {
        if (!budget.look()) break
        if (!reached.some((other) => other.id === to)) continue
        const { createdSeq, type, from } = relationship
        edges.push({ createdSeq, type, from, to })
      }
    }
    edges.sort((a, b) => a.createdSeq - b.createdSeq)
    const isMore = isLimited || edges.length > edgeLimit
    const stopped = budget.isSpent ? 'cost' : isMore ? 'limit' : null
    const answered = this.answered(request, stopped, reached.length, budget)
    return { ...answered, entities: reached, edges: edges.slice(0, edgeLimit) }
  }

  async component(request: ComponentRequest): Promise<Component> {
    const { entity, limit = 1_000 } = request
    const budget = new Budget(request)
    const search = { ...request, starts: [entity], direction: 'both', depth: 1e9 } as const
    const { reached } = this.#search(search, Number.POSITIVE_INFINITY, budget)
    const stopped = budget.isSpent ? 'cost' : reached.length > limit ? 'limit' : null
    const answered = this.answered(request, stopped, reached.length, budget)
    return { ...answered, size: reached.length, ids: reached.slice(0, limit).map(({ id }) => id) }
  }

  async degree(request: DegreeRequest): Promise<Degree> {
    const { entity, direction = 'both' } = request
    this.name(entity)
    const budget = new Budget(request)
    const counted: Look[] = []
    for (const look of this.looks(entity, direction, request)) {
      if (!budget.look()) break
      if (look.to === entity || this.passes(look.to, request)) counted.push(look)
    }
    const count = (passed: Passed, type?: string) => {
      return counted.filter((look) => {
        return look.passed === passed && (type ?? look.relationship.type) === look.relationship.type
      }).length
    }
    const types = [...new Set(counted.map(({ relationship }) => relationship.type))].sort()
    return {
      ...this.answered(request, budget.isSpent ? 'cost' : null, 1, budget),
      out: count('out'),
      in: count('in'),
      byType: types.map((type) => ({ type, out: count('out', type), in: count('in', type) })),
    }
  }

  async common(request: CommonRequest): Promise<Common> {
    const { entities, direction = 'both', limit = 1_000 } = request
    for (const id of entities) this.name(id)
    const budget = new Budget(request)
    const seen = entities.map((id) => {
      const looked: Look[] = []
      for (const look of this.looks(id, direction, request)) {
        if (!budget.look()) break
        looked.push(look)
      }
      return looked
    })
    const shared: Common['entities'][number][] = []
    for (const first of seen[0] ?? []) {
      const second = seen[1]?.find(({ to }) => to === first.to)
      const isNamed = entities.includes(first.to)
      const isKnown = shared.some(({ id }) => id === first.to)
      if (!second || isNamed || isKnown || !this.passes(first.to, request)) continue
      const via = [hopOf(first, entities[0]), hopOf(second, entities[1])] as const
      shared.push({ ...this.name(first.to), via })
    }
    const stopped = budget.isSpent ? 'cost' : shared.length > limit ? 'limit' : null
    const nodes = new Set(entities).size + shared.length
    const answered = this.answered(request, stopped, nodes, budget)
    return { ...answered, count: shared.length, entities: shared.slice(0, limit) }
  }

  readonly paths: GraphEngine['paths'] = async (request) => naivePaths(this, request)

  /** The edges of an entity in the order of the contract. */
  looks(id: string, direction: Direction, { types }: Filters): readonly Look[] {
    const key = `${id} ${direction} ${types?.join()}`
    const known = this.#looks.get(key) ?? this.#listed(id, direction, types)
    this.#looks.set(key, known)
    return known
  }

  #listed(id: string, direction: Direction, types: Filters['types']): Look[] {
    const relationships = this.graph.relationships
      .filter(({ type }) => types === undefined || types.includes(type))
      .toSorted((a, b) => a.createdSeq - b.createdSeq)
    const out = relationships
      .filter(({ from }) => from === id)
      .map((relationship): Look => ({ relationship, passed: 'out', to: relationship.to }))
    const into = relationships
      .filter(({ to }) => to === id)
      .map((relationship): Look => ({ relationship, passed: 'in', to: relationship.from }))
    return [...(direction === 'in' ? [] : out), ...(direction === 'out' ? [] : into)]
  }

  passes(id: string, { entityTypes, candidates }: Filters): boolean {
    const hasType = entityTypes?.includes(this.name(id).type) ?? true
    return hasType && (candidates?.includes(id) ?? true)
  }

  name(id: string): EntityName {
    const entity = this.graph.entities.find((other) => other.id === id)
    if (!entity) throw notFound(`entity ${id}`)
    return { id: entity.id, type: entity.type }
  }

  answered(request: Bounds, stopped: Stopped | null, nodes: number, budget: Budget) {
    const { edges, maxEdges } = budget
    if (stopped === 'cost' && request.onCap === 'error') throw new AppError('cost_exceeded', '')
    const cost: Cost = { engine: 'memory', seq: this.graph.seq, nodes, edges, maxEdges, ms: 0 }
    return { stopped, cost }
  }

  #search(request: Omit<TraverseRequest, 'output'>, limit: number, budget: Budget) {
    const { starts, direction = 'out', depth = 1 } = request
    const reached: Reached[] = []
    for (const id of starts) {
      const name = this.name(id)
      if (reached.every((other) => other.id !== id)) reached.push({ ...name, depth: 0, via: null })
    }
    const most = reached.length + limit
    for (const entity of reached) {
      if (entity.depth === depth) break
      for (const look of this.looks(entity.id, direction, request)) {
        if (!budget.look()) return { reached, isLimited: false }
        if (reached.some(({ id }) => id === look.to) || !this.passes(look.to, request)) continue
        if (reached.length === most) return { reached, isLimited: true }
        const via = hopOf(look, entity.id)
        reached.push({ ...this.name(look.to), depth: entity.depth + 1, via })
      }
    }
    return { reached, isLimited: false }
  }
}

export function hopOf({ relationship, passed }: Look, from: string): Hop {
  return { createdSeq: relationship.createdSeq, type: relationship.type, passed, from }
}
