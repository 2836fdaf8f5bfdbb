/**
 * What can be asked of a graph's topology, and what the answer is, to the letter: the engine on typed
 * arrays and the engine in SQL give the same answers, in the same order, with the same costs.
 *
 * **Names.** Entities are named by lower-case UUID text, edges by the `created_seq` of the
 * relationship, which is unique in its graph. The order of ids is that of their 16 bytes, which is
 * that of the text and of PostgreSQL's `uuid`.
 *
 * **The order of edges.** The edges of an entity in a direction are ordered by `created_seq`; in
 * direction `both` they are those that leave it, by `created_seq`, and then those that arrive at it,
 * by `created_seq`. A self-loop is one edge that leaves and one that arrives, so `both` has it twice.
 * The rank of an edge of an entity is (`out` before `in`, `created_seq`).
 *
 * **Looking at edges.** Searches look at edges one after the other, in a total order given at each
 * operation. Only edges that pass the filter of relationship types exist for a search: others are
 * neither looked at nor counted. `cost.edges` is how many were looked at; the same edge looked at
 * from both of its ends counts twice. Before it looks at one more than `maxEdges` edges, a search
 * stops with `stopped: 'cost'`.
 *
 * **Filters** bind the entities that a search enters. Entities that the request names (starts, ends)
 * are entered whatever the filters say; an entity that fails a filter is neither reported nor are
 * its edges looked at, and it stands in the way of every path.
 */

/** Most hops of a traversal, and of the neighbourhood that a subgraph shows. */
export const MAX_DEPTH = 10
export const DEFAULT_DEPTH = 1
/** Most entities that a traversal, a subgraph, a component or common neighbours list. */
export const MAX_LISTED = 10_000
export const DEFAULT_LISTED = 1_000
/** Most edges that a subgraph lists. */
export const MAX_LISTED_EDGES = 50_000
export const DEFAULT_LISTED_EDGES = 5_000
/** Most entities that a traversal or a subgraph starts from. */
export const MAX_STARTS = 100
/** Most paths of one request, and most edges of a path that is searched without weights. */
export const MAX_PATHS = 20
export const MAX_PATH_LENGTH = 100
export const DEFAULT_PATH_LENGTH = 20
/** Edges that one request may look at. */
export const MAX_EDGES = 20_000_000
export const DEFAULT_MAX_EDGES = 1_000_000
/** Most ids in `candidates`, and most names in a list of types. */
export const MAX_CANDIDATES = 100_000
export const MAX_TYPES = 100

/** `out` follows relationships from `from` to `to`, `in` the other way. */
export type Direction = 'out' | 'in' | 'both'
/** Which way an edge was passed: `in` is from its `to` to its `from`. */
export type Passed = 'out' | 'in'

/** Which edges a search passes and which entities it enters. A name that nothing has matches nothing. */
export type Filters = {
  /** Types of relationships; absent: all; empty: none. */
  readonly types?: readonly string[] | undefined
  /** Types of entities; absent: all; empty: none. */
  readonly entityTypes?: readonly string[] | undefined
  /** Ids of the entities that a filter on properties let pass; absent: all; empty: none. */
  readonly candidates?: readonly string[] | undefined
}

export type Bounds = {
  /** Most edges to look at. Default `DEFAULT_MAX_EDGES`. */
  readonly maxEdges?: number | undefined
  /** When to give up, on the clock of the engine; absent: never. Looked at now and then only. */
  readonly deadlineAtMs?: number | undefined
  /**
   * What happens when a search stops for its cost or its deadline. `partial` (default): the answer
   * holds what was found until then and `stopped` says why. `error`: `cost_exceeded` with the
   * estimated cost (`detail.estimatedEdges`, the engine's own guess, above `maxEdges` or what was
   * looked at until the deadline). That a limit on things listed was met is never an error.
   */
  readonly onCap?: 'partial' | 'error' | undefined
}

/**
 * `cost`: one more edge would have been more than `maxEdges`. `deadline`: time was up; how much was
 * found until then is the one thing in which answers differ from run to run. `limit`: there is more
 * than the limit allows to list. Where several are true, `cost` and `deadline` go before `limit`.
 */
export type Stopped = 'cost' | 'deadline' | 'limit'

export type Cost = {
  readonly engine: 'memory' | 'sql'
  /** The graph's seq that the whole answer is current at. */
  readonly seq: number
  /** Distinct entities reached, the named ones included; those that failed a filter do not count. */
  readonly nodes: number
  /** Edges looked at. */
  readonly edges: number
  readonly maxEdges: number
  /** 0 where the platform's clock stands still between I/O. */
  readonly ms: number
}

/** Every answer: `stopped` is `null` when it is all there is. */
export type Answered = { readonly stopped: Stopped | null; readonly cost: Cost }

export type EntityName = { readonly id: string; readonly type: string }

/** An edge as it was passed, from the entity that it left to the one it reached. */
export type Hop = {
  readonly createdSeq: number
  readonly type: string
  readonly passed: Passed
  /** The entity that was left by this edge. */
  readonly from: string
}

/** A relationship in its own direction. */
export type Edge = {
  readonly createdSeq: number
  readonly type: string
  readonly from: string
  readonly to: string
}

/**
 * Breadth-first search. Positions 0, 1, 2 … are given to entities as they are reached: first to the
 * starts in the order of the request (a repeated one counts once), then to what the entity at
 * position 0 leads to, then to what the one at position 1 leads to, and so on; the edges of each in
 * the order of edges above. The edge that reached an entity first is its tree edge: of all edges to
 * it from the level before, the one with the smallest (position of the entity left, rank of the
 * edge). Entities at `depth` are reached but their edges are not looked at.
 *
 * In sets, level by level: number the edges of a level by (position of the entity left, `out` before
 * `in`, `created_seq`); each entity not yet reached and not filtered out is reached by its smallest
 * number; positions follow these numbers; the search ends at the first of these two: the number by which
 * the budget of edges is spent (`cost`, if there is one more edge), the number that reaches one entity
 * more than the limit (`limit`; that edge counts as looked at, the entity not as reached).
 */
export type TraverseRequest = Filters &
  Bounds & {
    /** Ids of 1 to `MAX_STARTS` entities; one that does not exist is `not_found`. */
    readonly starts: readonly string[]
    /** Default `out`. */
    readonly direction?: Direction | undefined
    /** Most hops, 0 to `MAX_DEPTH`. Default `DEFAULT_DEPTH`. */
    readonly depth?: number | undefined
    /** Most entities besides the starts, 0 to `MAX_LISTED`; not with `count`. Default `DEFAULT_LISTED`. */
    readonly limit?: number | undefined
    /** `entities` (default) lists them with depth and tree edge, `ids` their ids, `count` nothing. */
    readonly output?: 'entities' | 'ids' | 'count' | undefined
  }

export type Reached = EntityName & {
  readonly depth: number
  /** The tree edge; `null` for a start. */
  readonly via: Hop | null
}

export type Traversal = Answered & {
  /** Entities reached per depth, the starts at 0; without zeros at the end. */
  readonly byDepth: readonly number[]
  /** In the order of positions; empty unless asked for. */
  readonly entities: readonly Reached[]
  /** In the order of positions; empty unless asked for. */
  readonly ids: readonly string[]
}

/**
 * The entities that a traversal with these bounds reaches, and the edges between them. After the
 * search, the edges that *leave* each of these entities are looked at, by position and then by
 * `created_seq`, under what is left of `maxEdges` (nothing, if the search stopped for its cost).
 * Those that lead to one of these entities are listed by `created_seq`, the first `edgeLimit` of them.
 */
export type SubgraphRequest = Omit<TraverseRequest, 'output'> & {
  /** 0 to `MAX_LISTED_EDGES`. Default `DEFAULT_LISTED_EDGES`. */
  readonly edgeLimit?: number | undefined
}

export type Subgraph = Answered & {
  readonly entities: readonly Reached[]
  readonly edges: readonly Edge[]
}

/**
 * The shortest path, or the `k` shortest ones without repeated entities. Paths are ordered by
 * (weight, number of edges, the ranks of their edges from `from` on), without weights by (number of
 * edges, ranks), and the answer holds the first `k` of this order. Parallel edges make different
 * paths. From an entity to itself there is one path, without edges.
 *
 * Weights are 64-bit floats, added from the end: w1 + (w2 + (w3 + …)). An edge whose property is not
 * a number of at least 0 cannot be passed. Where rounding makes different sums equal, their order is not
 * promised.
 *
 * Without weights and for `k` = 1 the cost is that of this search: the levels around `from` and those
 * against `direction` around `to`, level 0 being the end itself, are grown in turn, always the one
 * whose outermost level has fewer entities (`from`, when both have as many), until a level
 * holds an entity that the other side has reached; a level that does not fit into what is left of
 * `maxEdges` spends it all, `stopped: 'cost'` with no path, and what it reached does not count. An end is entered from the other side whatever
 * the filters say. The search ends without a path when an outermost level is empty or `maxLength`
 * levels have been grown. In all other cases the cost is the engine's own, and an answer that was stopped
 * holds a beginning of the whole one.
 */
export type PathsRequest = Filters &
  Bounds & {
    /** `not_found` if one of them does not exist. */
    readonly from: string
    readonly to: string
    /** Default `out`. */
    readonly direction?: Direction | undefined
    /** 1 (default) to `MAX_PATHS`. */
    readonly k?: number | undefined
    /** Adds up the weight property, instead of counting edges. Default false. */
    readonly weighted?: boolean | undefined
    /** Most edges of a path, 0 to `MAX_PATH_LENGTH`; not with weights. Default `DEFAULT_PATH_LENGTH`. */
    readonly maxLength?: number | undefined
  }

export type Path = {
  /** From `from` to `to`; one more than there are hops. */
  readonly entities: readonly EntityName[]
  readonly hops: readonly Hop[]
  /** Sum of the weights; `null` when searched without. */
  readonly weight: number | null
}

export type Paths = Answered & {
  readonly paths: readonly Path[]
  /**
   * How many paths have as few edges as the first, parallel edges told apart; at most
   * `Number.MAX_SAFE_INTEGER`. 0 without a path; `null` with weights.
   */
  readonly equallyShort: number | null
}

/**
 * All that is connected with an entity, whatever the direction of the edges: the traversal in
 * direction `both` without a bound on depth, which goes on after `limit` and counts.
 */
export type ComponentRequest = Filters &
  Bounds & {
    readonly entity: string
    /** Entities listed, 0 to `MAX_LISTED`, the entity itself included. Default `DEFAULT_LISTED`. */
    readonly limit?: number | undefined
  }

export type Component = Answered & {
  /** Entities reached. `stopped` is `limit` when there are more than those listed. */
  readonly size: number
  /** The first of them, by position. */
  readonly ids: readonly string[]
}

/**
 * Counts the edges of an entity that lead to entities which pass the filters; looks at its edges in
 * the order of edges, each of which counts as looked at. `cost.nodes` is 1.
 */
export type DegreeRequest = Filters &
  Bounds & {
    readonly entity: string
    /** Default `both`. */
    readonly direction?: Direction | undefined
  }

export type Degree = Answered & {
  readonly out: number
  readonly in: number
  /** By relationship type, in the order of the types' UTF-16 code units; without types that have none. */
  readonly byType: readonly { readonly type: string; readonly out: number; readonly in: number }[]
}

/**
 * Entities other than these two to which one edge leads from each of them. Looks at all edges of the
 * first and then at those of the second, each in the order of edges. Ordered by the rank of the
 * first edge from the first entity; each names the edge of the smallest rank from either.
 * `cost.nodes` is the two, or one if they are the same, and all entities in common that were found.
 */
export type CommonRequest = Filters &
  Bounds & {
    readonly entities: readonly [string, string]
    /** Default `both`. */
    readonly direction?: Direction | undefined
    /** Entities listed, 0 to `MAX_LISTED`. Default `DEFAULT_LISTED`. */
    readonly limit?: number | undefined
  }

export type Common = Answered & {
  /** Entities in common. `stopped` is `limit` when there are more than those listed. */
  readonly count: number
  readonly entities: readonly (EntityName & { readonly via: readonly [Hop, Hop] })[]
}

/** Throws `invalid` for a request out of bounds, `not_found` for an entity, `cost_exceeded` as asked. */
export type GraphEngine = {
  traverse(request: TraverseRequest): Promise<Traversal>
  subgraph(request: SubgraphRequest): Promise<Subgraph>
  paths(request: PathsRequest): Promise<Paths>
  component(request: ComponentRequest): Promise<Component>
  degree(request: DegreeRequest): Promise<Degree>
  common(request: CommonRequest): Promise<Common>
}

/**
 * PageRank (Brin and Page 1998) of the entities that pass the filters, along the edges between them:
 * score = (1 - damping) / n + damping · (Σ over edges that arrive: score of where they leave / number
 * of edges that leave there + Σ of the scores of entities that no edge leaves / n), from 1 / n on,
 * all at once per round, until the scores change by less than `tolerance` in sum. Parallel edges
 * count each. Scores of two engines agree to within 1e-9.
 */
export type RankRequest = Filters & {
  /** In (0, 1). Default 0.85. */
  readonly damping?: number
  /** Default 1e-8. */
  readonly tolerance?: number
  /** 1 to 200. Default 100. */
  readonly maxRounds?: number
}

/**
 * The parts of the graph of the entities that pass the filters that are connected, whatever the
 * direction of the edges. A component is named by its smallest id.
 */
export type ComponentsRequest = Filters
