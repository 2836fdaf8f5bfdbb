import { Codes } from './codes.ts'
import { Overlay } from './overlay.ts'
import { findNode, type Topology } from './topology.ts'
import { compareUuids, readUuid, UuidRows } from './uuid-words.ts'
import { Workspace } from './workspace.ts'

/**
 * A graph as searches see it: an immutable base and what the log changed since. It is brought forward in
 * place by `applyChanges`; a search runs to its end without giving way, so it sees one seq.
 */
export class GraphView {
  readonly base: Topology
  readonly overlay: Overlay
  readonly entityTypes: Codes
  readonly relationshipTypes: Codes
  readonly workspace = new Workspace()
  /** The seq of the graph that this is. */
  seq: number

  constructor(base: Topology) {
    this.base = base
    this.overlay = new Overlay(base.nodes, base.edges)
    this.entityTypes = new Codes(base.meta.entityTypes)
    this.relationshipTypes = new Codes(base.meta.relationshipTypes)
    this.seq = base.seq
  }

  /** Node numbers are below this; those of deleted entities are not used again. */
  get nodeNumbers(): number {
    return this.base.nodes + this.overlay.types.length
  }

  /** Edge numbers are below this. */
  get edgeNumbers(): number {
    return this.base.edges + this.overlay.seqs.length
  }

  get entities(): number {
    return this.nodeNumbers - this.overlay.deletedNodes
  }

  get relationships(): number {
    return this.edgeNumbers - this.overlay.removedEdges
  }

  /** The number of the entity, or -1. `id` may be in upper case. */
  find(id: string): number {
    const own = this.overlay.find(id)
    if (own !== undefined) return own
    const node = findNode(this.base, id)
    return node >= 0 && this.overlay.isDeleted(node) ? -1 : node
  }

  idOf(node: number): string {
    const own = node - this.base.nodes
    return own < 0 ? readUuid(this.base.ids, node * 4) : readUuid(this.overlay.words, own * 4)
  }

  /** Ids of the first `count` of these nodes. */
  idsOf(nodes: Uint32Array, count: number): string[] {
    const rows = new UuidRows(count)
    for (let place = 0; place < count; place += 1) {
      const node = nodes[place] ?? 0
      const own = node - this.base.nodes
      if (own < 0) rows.add(this.base.ids, node * 4)
      else rows.add(this.overlay.words, own * 4)
    }
    return rows.texts()
  }

  /** Below 0 when the id of node `a` comes before that of `b`. */
  compareIds(a: number, b: number): number {
    const { ids, nodes } = this.base
    // Nodes of the base are numbered by id.
    if (a < nodes && b < nodes) return a - b
    const { words } = this.overlay
    const [wordsA, atA] = a < nodes ? [ids, a] : [words, a - nodes]
    const [wordsB, atB] = b < nodes ? [ids, b] : [words, b - nodes]
    return compareUuids(wordsA, atA * 4, wordsB, atB * 4)
  }

  typeCodeOf(node: number): number {
    const own = node - this.base.nodes
    return (own < 0 ? this.base.nodeTypes[node] : this.overlay.types[own]) ?? 0
  }

  typeOf(node: number): string {
    return this.entityTypes.nameOf(this.typeCodeOf(node))
  }

  seqOf(edge: number): number {
    const own = edge - this.base.edges
    return (own < 0 ? this.base.outSeqs[edge] : this.overlay.seqs[own]) ?? 0
  }

  edgeTypeOf(edge: number): string {
    const own = edge - this.base.edges
    const code = own < 0 ? this.base.outTypes[edge] : this.overlay.edgeTypes[own]
    return this.relationshipTypes.nameOf(code ?? 0)
  }

  /** NaN when the edge cannot be passed by weight. */
  weightOf(edge: number): number {
    const changed = this.overlay.weights.size === 0 ? undefined : this.overlay.weights.get(edge)
    return changed ?? this.base.weights?.[edge] ?? Number.NaN
  }
}
