import { AppError, type FieldError, invalid } from '../errors.ts'
import { Adjacency } from './adjacency.ts'
import { admitted } from './admitted.ts'
import type { RankRequest } from './engine.ts'
import type { GraphView } from './graph-view.ts'
import { typeMask } from './node-filter.ts'

export const RANK_DEFAULTS = { damping: 0.85, tolerance: 1e-8, maxRounds: 100 }
export const MOST_ROUNDS = 200

export type RankProgress = {
  readonly isDone: boolean
  /** Whether the scores changed by less than the tolerance in the last round. */
  readonly hasConverged: boolean
  readonly rounds: number
  /** By how much the scores changed in the last whole round, in sum. */
  readonly change: number
  /** Edges looked at. */
  readonly edges: number
}

/** What is known at the end of a round: enough to go on from elsewhere. */
export type RankState = {
  /** By number of the node; not to be changed. */
  readonly scores: Float64Array
  readonly rounds: number
  readonly change: number
}

/**
 * PageRank of a whole graph, in steps of bounded work: see `RankRequest`. Power iteration that pulls
 * along the edges that arrive. Needs 29 bytes per entity beside the topology. The graph must not
 * move on between steps; `resumed` is the state of an earlier one of the same graph and request.
 */
export class PageRank {
  readonly #view: GraphView
  readonly #seq: number
  readonly #adjacency: Adjacency
  readonly #admitted: Uint8Array
  readonly #count: number
  readonly #degrees: Uint32Array
  readonly #damping: number
  readonly #tolerance: number
  readonly #maxRounds: number
  #scores: Float64Array
  #next: Float64Array
  /** What each entity gives along each of its edges, in this round. */
  readonly #shares: Float64Array
  /** What every entity gets in this round, whatever arrives. */
  #floor = 0
  #isCounting = true
  #node = 0
  #rounds = 0
  #change = Number.POSITIVE_INFINITY
  #edges = 0

  constructor(view: GraphView, request: RankRequest = {}, resumed: RankState | null = null) {
    const { damping, tolerance, maxRounds } = checked({ ...RANK_DEFAULTS, ...request })
    const { marks, count } = admitted(view, request)
    const nodes = view.nodeNumbers
    this.#view = view
    this.#seq = view.seq
    this.#adjacency = new Adjacency(view, typeMask(request, view))
    this.#admitted = marks
    this.#count = count
    this.#damping = damping
    this.#tolerance = tolerance
    this.#maxRounds = maxRounds
    this.#degrees = new Uint32Array(nodes)
    this.#scores = resumed?.scores.slice() ?? new Float64Array(nodes)
    this.#next = new Float64Array(nodes)
    this.#shares = new Float64Array(nodes)
    if (resumed) {
      this.#rounds = resumed.rounds
      this.#change = resumed.change
      return
    }
    for (let node = 0; node < nodes; node += 1) {
      if (marks[node] === 1) this.#scores[node] = 1 / count
    }
  }

  /** As it was after the last whole round. */
  get state(): RankState {
    return { scores: this.#scores, rounds: this.#rounds, change: this.#change }
  }

  get progress(): RankProgress {
    const hasConverged = this.#change < this.#tolerance || this.#count === 0
    const isDone = hasConverged || this.#rounds === this.#maxRounds
    const change = this.#count === 0 ? 0 : this.#change
    return { isDone, hasConverged, rounds: this.#rounds, change, edges: this.#edges }
  }

  /** Goes on until about `maxEdges` more edges were looked at, one round at least begun, or all is done. */
  step(maxEdges: number): RankProgress {
    if (this.#view.seq !== this.#seq) {
      throw new AppError('conflict', `the graph moved on from ${this.#seq} to ${this.#view.seq}`)
    }
    const end = this.#edges + maxEdges
    while (!this.progress.isDone && this.#edges < end) {
      if (this.#isCounting) this.#countDegrees(end)
      else this.#pull(end)
    }
    return this.progress
  }

  /** The `limit` highest scores, of equal ones the smaller id first. */
  top(limit: number): { readonly id: string; readonly type: string; readonly score: number }[] {
    const view = this.#view
    const threshold = this.#scores.toSorted()[Math.max(0, this.#scores.length - limit)] ?? 0
    const nodes: number[] = []
    for (let node = 0; node < this.#scores.length; node += 1) {
      if (this.#admitted[node] === 1 && this.scoreOf(node) >= threshold) nodes.push(node)
    }
    nodes.sort((a, b) => this.scoreOf(b) - this.scoreOf(a) || view.compareIds(a, b))
    return nodes.slice(0, limit).map((node) => {
      return { id: view.idOf(node), type: view.typeOf(node), score: this.scoreOf(node) }
    })
  }

  /** Numbers of all entities by score, the highest first, of equal ones the smaller id first. */
  ranked(): Uint32Array {
    const view = this.#view
    const nodes = new Uint32Array(this.#count)
    let length = 0
    for (let node = 0; node < this.#admitted.length; node += 1) {
      if (this.#admitted[node] !== 1) continue
      nodes[length] = node
      length += 1
    }
    return nodes.sort((a, b) => this.scoreOf(b) - this.scoreOf(a) || view.compareIds(a, b))
  }

  /** By number of the node; 0 for what the filters left out. */
  scoreOf(node: number): number {
    return this.#scores[node] ?? 0
  }

  #countDegrees(endAtEdges: number): void {
    const adjacency = this.#adjacency
    for (; this.#node < this.#admitted.length && this.#edges < endAtEdges; this.#node += 1) {
      if (this.#admitted[this.#node] !== 1) continue
      adjacency.openOut(this.#node)
      const { targets, start, end } = adjacency
      let degree = 0
      for (let i = start; i < end; i += 1) degree += this.#admitted[targets[i] ?? 0] ?? 0
      this.#degrees[this.#node] = degree
      this.#edges += end - start
    }
    if (this.#node < this.#admitted.length) return
    this.#isCounting = false
    this.#beginRound()
  }

  #beginRound(): void {
    let stuck = 0
    for (let node = 0; node < this.#scores.length; node += 1) {
      const degree = this.#degrees[node] ?? 0
      const score = this.#scores[node] ?? 0
      if (degree === 0) stuck += score
      this.#shares[node] = degree === 0 ? 0 : score / degree
    }
    this.#floor = (1 - this.#damping + this.#damping * stuck) / this.#count
    this.#node = 0
  }

  #pull(endAtEdges: number): void {
    const adjacency = this.#adjacency
    const shares = this.#shares
    for (; this.#node < this.#admitted.length && this.#edges < endAtEdges; this.#node += 1) {
      if (this.#admitted[this.#node] !== 1) continue
      adjacency.openIn(this.#node)
      const { targets, start, end } = adjacency
      let sum = 0
      // What is not admitted shares nothing.
      for (let i = start; i < end; i += 1) sum += shares[targets[i] ?? 0] ?? 0
      this.#next[this.#node] = this.#floor + this.#damping * sum
      this.#edges += end - start
    }
    if (this.#node < this.#admitted.length) return
    let change = 0
    for (let node = 0; node < this.#next.length; node += 1) {
      change += Math.abs((this.#next[node] ?? 0) - (this.#scores[node] ?? 0))
    }
    const former = this.#scores
    this.#scores = this.#next
    this.#next = former
    this.#change = change
    this.#rounds += 1
    this.#beginRound()
  }
}

function checked(request: RankRequest & typeof RANK_DEFAULTS): typeof RANK_DEFAULTS {
  const { damping, tolerance, maxRounds } = request
  const errors: FieldError[] = []
  const isRound = Number.isInteger(maxRounds) && maxRounds >= 1 && maxRounds <= MOST_ROUNDS
  if (!(damping > 0 && damping < 1)) {
    errors.push({ pointer: '/damping', message: `must be in (0, 1), got ${damping}` })
  }
  if (!(tolerance > 0)) {
    errors.push({ pointer: '/tolerance', message: `must be above 0, got ${tolerance}` })
  }
  if (!isRound) {
    const message = `must be a whole number from 1 to ${MOST_ROUNDS}, got ${maxRounds}`
    errors.push({ pointer: '/maxRounds', message })
  }
  if (errors.length > 0) throw invalid(errors)
  return { damping, tolerance, maxRounds }
}
