import { AppError } from '../errors.ts'
import { Adjacency } from './adjacency.ts'
import { admitted } from './admitted.ts'
import type { ComponentsRequest } from './engine.ts'
import type { GraphView } from './graph-view.ts'
import { typeMask } from './node-filter.ts'

export type ComponentsProgress = {
  readonly isDone: boolean
  /** Entities whose edges were looked at, of `total`. */
  readonly entities: number
  readonly total: number
  /** Edges looked at, each once. */
  readonly edges: number
}

/**
 * Connected components of a whole graph, in steps of bounded work: see `ComponentsRequest`. Union-find
 * with path halving (Tarjan and van Leeuwen 1984); the smaller id becomes the root, so that it is the
 * component's name. Needs 5 bytes per entity beside the topology. The graph must not move on between steps.
 */
export class Components {
  readonly #view: GraphView
  readonly #seq: number
  readonly #adjacency: Adjacency
  readonly #admitted: Uint8Array
  readonly #count: number
  readonly #parents: Uint32Array
  #node = 0
  #seen = 0
  #edges = 0

  constructor(view: GraphView, request: ComponentsRequest = {}) {
    const { marks, count } = admitted(view, request)
    this.#view = view
    this.#seq = view.seq
    this.#adjacency = new Adjacency(view, typeMask(request, view))
    this.#admitted = marks
    this.#count = count
    this.#parents = new Uint32Array(view.nodeNumbers).map((_, node) => node)
  }

  get progress(): ComponentsProgress {
    const isDone = this.#seen === this.#count
    return { isDone, entities: this.#seen, total: this.#count, edges: this.#edges }
  }

  /** Goes on until about `maxEdges` more edges were looked at or all is done. */
  step(maxEdges: number): ComponentsProgress {
    if (this.#view.seq !== this.#seq) {
      throw new AppError('conflict', `the graph moved on from ${this.#seq} to ${this.#view.seq}`)
    }
    const adjacency = this.#adjacency
    const endAtEdges = this.#edges + maxEdges
    for (; this.#seen < this.#count && this.#edges < endAtEdges; this.#node += 1) {
      if (this.#admitted[this.#node] !== 1) continue
      this.#seen += 1
      adjacency.openOut(this.#node)
      const { targets, start, end } = adjacency
      for (let i = start; i < end; i += 1) {
        const target = targets[i] ?? 0
        if (this.#admitted[target] === 1) this.#union(this.#node, target)
      }
      this.#edges += end - start
    }
    return this.progress
  }

  /** Whether the filters let a node pass. */
  has(node: number): boolean {
    return this.#admitted[node] === 1
  }

  /** Number of the node that names the component of a node. */
  rootOf(node: number): number {
    const parents = this.#parents
    let at = node
    for (let parent = parents[at] ?? 0; parent !== at; parent = parents[at] ?? 0) {
      const grandparent = parents[parent] ?? 0
      parents[at] = grandparent
      at = grandparent
    }
    return at
  }

  /** How many there are, and the `limit` largest: by size, of equal ones the smaller id first. */
  largest(limit: number) {
    const sizes = new Uint32Array(this.#parents.length)
    let count = 0
    for (let node = 0; node < sizes.length; node += 1) {
      if (this.#admitted[node] !== 1) continue
      const root = this.rootOf(node)
      if (sizes[root] === 0) count += 1
      sizes[root] = (sizes[root] ?? 0) + 1
    }
    const threshold = Math.max(1, sizes.toSorted()[Math.max(0, sizes.length - limit)] ?? 0)
    const roots: number[] = []
    for (let node = 0; node < sizes.length; node += 1) {
      if ((sizes[node] ?? 0) >= threshold) roots.push(node)
    }
    const size = (root: number): number => sizes[root] ?? 0
    roots.sort((a, b) => size(b) - size(a) || this.#view.compareIds(a, b))
    const components = roots.slice(0, limit).map((root) => {
      return { id: this.#view.idOf(root), size: size(root) }
    })
    return { count, components }
  }

  #union(a: number, b: number): void {
    const rootA = this.rootOf(a)
    const rootB = this.rootOf(b)
    if (rootA === rootB) return
    if (this.#view.compareIds(rootA, rootB) < 0) this.#parents[rootB] = rootA
    else this.#parents[rootA] = rootB
  }
}
