import type { GraphView } from './graph-view.ts'
import { ADDED_IN, ADDED_OUT, REMOVED_IN, REMOVED_OUT, TOUCHED_IN, TOUCHED_OUT } from './overlay.ts'

/**
 * The edges of one node in one direction that pass a filter of types, by `created_seq`. Where neither
 * filter nor changes stand between, it points into the base; otherwise into a copy of what is left, so
 * that all searches have one loop: `for (i = start; i < end; i += 1) targets[i]`.
 */
export class Adjacency {
  readonly #view: GraphView
  /** By code of the relationship type, 1 for those that pass; `null` lets all pass. */
  readonly #mask: Uint8Array | null
  targets: Uint32Array
  /** Numbers of the edges beside `targets`; `null` where the place is the number. */
  edges: Uint32Array | null = null
  start = 0
  end = 0

  constructor(view: GraphView, mask: Uint8Array | null) {
    this.#view = view
    this.#mask = mask
    this.targets = view.base.outTargets
  }

  /** The number of the edge at place `i`. */
  edgeAt(i: number): number {
    return this.edges === null ? i : (this.edges[i] ?? 0)
  }

  open(node: number, outgoing: boolean): void {
    if (outgoing) this.openOut(node)
    else this.openIn(node)
  }

  openOut(node: number): void {
    const { base, overlay } = this.#view
    const flags = overlay.flags.length === 0 ? 0 : (overlay.flags[node] ?? 0)
    if (this.#mask === null && (flags & TOUCHED_OUT) === 0 && node < base.nodes) {
      this.targets = base.outTargets
      this.edges = null
      this.start = base.outOffsets[node] ?? 0
      this.end = base.outOffsets[node + 1] ?? 0
      return
    }
    this.#copy(node, base.outOffsets, base.outTargets, base.outTypes, null, flags & REMOVED_OUT)
    if (flags & ADDED_OUT) this.#append(overlay.addedOut(node), overlay.to, flags & REMOVED_OUT)
  }

  openIn(node: number): void {
    const { base, overlay } = this.#view
    const flags = overlay.flags.length === 0 ? 0 : (overlay.flags[node] ?? 0)
    if (this.#mask === null && (flags & TOUCHED_IN) === 0 && node < base.nodes) {
      this.targets = base.inSources
      this.edges = base.inEdges
      this.start = base.inOffsets[node] ?? 0
      this.end = base.inOffsets[node + 1] ?? 0
      return
    }
    const { inOffsets, inSources, inTypes, inEdges } = base
    this.#copy(node, inOffsets, inSources, inTypes, inEdges, flags & REMOVED_IN)
    if (flags & ADDED_IN) this.#append(overlay.addedIn(node), overlay.from, flags & REMOVED_IN)
  }

  #copy(
    node: number,
    offsets: Uint32Array,
    targets: Uint32Array,
    types: Uint16Array,
    edges: Uint32Array | null,
    hasRemoved: number,
  ): void {
    const isOfBase = node < this.#view.base.nodes
    const start = isOfBase ? (offsets[node] ?? 0) : 0
    const end = isOfBase ? (offsets[node + 1] ?? 0) : 0
    const { workspace, overlay } = this.#view
    const copiedTargets = workspace.targets.reserve(end - start)
    const copiedEdges = workspace.edges.reserve(end - start)
    const mask = this.#mask
    let length = 0
    for (let i = start; i < end; i += 1) {
      if (mask !== null && mask[types[i] ?? 0] !== 1) continue
      const edge = edges === null ? i : (edges[i] ?? 0)
      if (hasRemoved !== 0 && overlay.isRemoved(edge)) continue
      copiedTargets[length] = targets[i] ?? 0
      copiedEdges[length] = edge
      length += 1
    }
    this.targets = copiedTargets
    this.edges = copiedEdges
    this.start = 0
    this.end = length
  }

  #append(added: readonly number[], ends: readonly number[], hasRemoved: number): void {
    const { workspace, overlay, base } = this.#view
    let length = this.end
    const targets = workspace.targets.reserve(length + added.length)
    const edges = workspace.edges.reserve(length + added.length)
    for (const edge of added) {
      const own = edge - base.edges
      if (this.#mask !== null && this.#mask[overlay.edgeTypes[own] ?? 0] !== 1) continue
      if (hasRemoved !== 0 && overlay.isRemoved(edge)) continue
      targets[length] = ends[own] ?? 0
      edges[length] = edge
      length += 1
    }
    this.targets = targets
    this.edges = edges
    this.end = length
  }
}
