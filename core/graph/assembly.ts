import type { WeightBits } from './layout.ts'
import type { EntityPart, RelationshipPart } from './parts.ts'
import { type Draft, draftTopology, type Topology, type TopologyMeta } from './topology.ts'

type Counts = { readonly nodes: number; readonly edges: number; readonly weightBits: WeightBits }

/**
 * Makes a topology of parts: all of entities by id, then all of relationships to be counted, then the same
 * to be placed, each time by `created_seq`, then `finish`. Holds the topology and nothing else.
 */
export class TopologyAssembly {
  readonly #draft: Draft
  #nodes = 0
  #counted = 0
  #placed = 0
  #lastSeq = 0

  constructor(counts: Counts, seq: number, meta: TopologyMeta) {
    this.#draft = draftTopology(counts, seq, meta)
  }

  addEntities({ words, types }: EntityPart): void {
    this.#draft.ids.set(words, this.#nodes * 4)
    this.#draft.nodeTypes.set(types, this.#nodes)
    this.#nodes += types.length
  }

  count({ from, to }: Pick<RelationshipPart, 'from' | 'to'>): void {
    const { outOffsets, inOffsets } = this.#draft
    for (let edge = 0; edge < from.length; edge += 1) {
      const out = (from[edge] ?? 0) + 1
      const into = (to[edge] ?? 0) + 1
      outOffsets[out] = (outOffsets[out] ?? 0) + 1
      inOffsets[into] = (inOffsets[into] ?? 0) + 1
    }
    this.#counted += from.length
  }

  /** A counting sort: edges come by `created_seq`, so each node's edges end up in that order. */
  place({ seqs, from, to, types, weights: given }: RelationshipPart): void {
    if (this.#placed === 0) this.#beginToPlace()
    const { outTargets, outTypes, outSeqs, inSources, inTypes, inEdges, weights } = this.#draft
    const { outOffsets, inOffsets } = this.#draft
    for (let edge = 0; edge < seqs.length; edge += 1) {
      const seq = seqs[edge] ?? 0
      if (seq <= this.#lastSeq) {
        throw new RangeError(`created_seq ${seq} comes after ${this.#lastSeq}`)
      }
      this.#lastSeq = seq
      const source = from[edge] ?? 0
      const target = to[edge] ?? 0
      const type = types[edge] ?? 0
      const out = outOffsets[source + 1] ?? 0
      outOffsets[source + 1] = out + 1
      outTargets[out] = target
      outTypes[out] = type
      outSeqs[out] = seq
      if (weights) weights[out] = given?.[edge] ?? Number.NaN
      const into = inOffsets[target + 1] ?? 0
      inOffsets[target + 1] = into + 1
      inSources[into] = source
      inTypes[into] = type
      inEdges[into] = out
    }
    this.#placed += seqs.length
  }

  /** Throws when the parts are not as many rows as were announced. */
  finish(): Topology {
    const { nodes, edges } = this.#draft
    if (this.#nodes !== nodes || this.#counted !== edges || this.#placed !== edges) {
      const came = `${this.#nodes}, ${this.#counted} and ${this.#placed} rows came`
      throw new Error(`${came} of ${nodes} entities and twice ${edges} relationships`)
    }
    return this.#draft.seal()
  }

  /** Beside each node its first place, which becomes the first of the next one as they are filled. */
  #beginToPlace(): void {
    for (const offsets of [this.#draft.outOffsets, this.#draft.inOffsets]) {
      let first = 0
      for (let node = 1; node < offsets.length; node += 1) {
        const count = offsets[node] ?? 0
        offsets[node] = first
        first += count
      }
    }
  }
}
