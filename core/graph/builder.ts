import { Codes } from './codes.ts'
import { Column } from './column.ts'
import { IdIndex } from './id-index.ts'
import type { WeightBits } from './layout.ts'
import { type Draft, draftTopology, type Topology } from './topology.ts'
import { compareUuids, writeUuid } from './uuid-words.ts'

/** Edges are named in 32 bits: a graph with more events than this is left to the engine in SQL. */
export const MAX_CREATED_SEQ = 2 ** 32 - 1

export type BuilderOptions = {
  readonly history: string
  /** The seq of the graph that all that is added is current at. */
  readonly seq: number
  /** Absent: the topology has no weights. `bits`: 64 keeps every number as it is. */
  readonly weight?: { readonly property: string; readonly bits: 32 | 64 }
}

export type BuiltRelationship = {
  readonly createdSeq: number
  readonly type: string
  readonly from: string
  readonly to: string
  /** What the weight property holds; anything but a number of at least 0 cannot be passed. */
  readonly weight?: unknown
}

/**
 * Builds a topology: first all entities, then all relationships, then `finish`. In any order, but
 * fastest with entities by id and relationships by `created_seq`, as their indexes give them. While it
 * builds it holds 14 bytes more per edge than the topology, no object for any of them.
 */
export class TopologyBuilder {
  readonly #options: BuilderOptions
  readonly #entityTypes = new Codes()
  readonly #relationshipTypes = new Codes()
  readonly #words = new Column((length) => new Uint32Array(length))
  readonly #types = new Column((length) => new Uint16Array(length))
  readonly #from = new Column((length) => new Uint32Array(length))
  readonly #to = new Column((length) => new Uint32Array(length))
  readonly #edgeTypes = new Column((length) => new Uint16Array(length))
  readonly #seqs = new Column((length) => new Uint32Array(length))
  readonly #weights: Column<Float64Array> | null
  readonly #sought = new Uint32Array(4)
  #nodes: Nodes | null = null
  #isSorted = true
  #finished = false

  constructor(options: BuilderOptions) {
    this.#options = options
    this.#weights = options.weight ? new Column((length) => new Float64Array(length)) : null
  }

  addEntity(id: string, type: string): void {
    if (this.#nodes) throw new Error('entities are added before relationships')
    if (!writeUuid(id, this.#sought, 0)) throw new TypeError(`not a UUID: ${JSON.stringify(id)}`)
    for (const word of this.#sought) this.#words.push(word)
    this.#types.push(this.#entityTypes.intern(type))
  }

  addRelationship({ createdSeq, type, from, to, weight }: BuiltRelationship): void {
    if (this.#finished) throw new Error('the topology is finished')
    if (!Number.isInteger(createdSeq) || createdSeq < 1 || createdSeq > MAX_CREATED_SEQ) {
      throw new RangeError(`created_seq must be from 1 to ${MAX_CREATED_SEQ}, got ${createdSeq}`)
    }
    const fromNode = this.#find(from)
    const toNode = this.#find(to)
    const last = this.#seqs.length - 1
    if (last >= 0 && createdSeq <= this.#seqs.at(last)) this.#isSorted = false
    this.#from.push(fromNode)
    this.#to.push(toNode)
    this.#edgeTypes.push(this.#relationshipTypes.intern(type))
    this.#seqs.push(createdSeq)
    this.#weights?.push(passableWeight(weight))
  }

  finish(): Topology {
    if (this.#finished) throw new Error('the topology is finished')
    const nodes = this.#sealedNodes()
    this.#finished = true
    const { history, seq, weight } = this.#options
    const weightBits: WeightBits = weight?.bits ?? 0
    const draft = draftTopology({ nodes: nodes.count, edges: this.#seqs.length, weightBits }, seq, {
      history,
      weightProperty: weight?.property ?? null,
      entityTypes: this.#entityTypes.names,
      relationshipTypes: this.#relationshipTypes.names,
    })
    draft.ids.set(nodes.words)
    draft.nodeTypes.set(nodes.types)
    this.#countDegrees(draft)
    this.#placeEdges(draft)
    return draft.seal()
  }

  #find(id: string): number {
    const nodes = this.#sealedNodes()
    const isId = writeUuid(id, this.#sought, 0)
    const node = isId ? nodes.index.find(this.#sought, 0) : -1
    if (node < 0) throw new RangeError(`no entity ${JSON.stringify(id)} was added`)
    return node
  }

  #sealedNodes(): Nodes {
    if (this.#nodes) return this.#nodes
    const nodes = sortedNodes(this.#words, this.#types)
    this.#words.clear()
    this.#types.clear()
    this.#nodes = nodes
    return nodes
  }

  #countDegrees({ nodes, edges, outOffsets, inOffsets }: Draft): void {
    for (let edge = 0; edge < edges; edge += 1) {
      const from = this.#from.at(edge) + 1
      const to = this.#to.at(edge) + 1
      outOffsets[from] = (outOffsets[from] ?? 0) + 1
      inOffsets[to] = (inOffsets[to] ?? 0) + 1
    }
    for (let node = 0; node < nodes; node += 1) {
      outOffsets[node + 1] = (outOffsets[node] ?? 0) + (outOffsets[node + 1] ?? 0)
      inOffsets[node + 1] = (inOffsets[node] ?? 0) + (inOffsets[node + 1] ?? 0)
    }
  }

  /** A counting sort: edges come by `created_seq`, so each node's edges end up in that order. */
  #placeEdges(draft: Draft): void {
    const { outTargets, outTypes, outSeqs, inSources, inTypes, inEdges, weights, edges } = draft
    const outNext = draft.outOffsets.slice()
    const inNext = draft.inOffsets.slice()
    const order = this.#isSorted ? null : orderBySeq(this.#seqs)
    let lastSeq = 0
    for (let i = 0; i < edges; i += 1) {
      const edge = order ? (order[i] ?? 0) : i
      const seq = this.#seqs.at(edge)
      if (seq === lastSeq) throw new RangeError(`two relationships have created_seq ${seq}`)
      lastSeq = seq
      const from = this.#from.at(edge)
      const to = this.#to.at(edge)
      const type = this.#edgeTypes.at(edge)
      const out = outNext[from] ?? 0
      outNext[from] = out + 1
      outTargets[out] = to
      outTypes[out] = type
      outSeqs[out] = seq
      if (weights && this.#weights) weights[out] = this.#weights.at(edge)
      const into = inNext[to] ?? 0
      inNext[to] = into + 1
      inSources[into] = from
      inTypes[into] = type
      inEdges[into] = out
    }
  }
}

/** NaN for what cannot be passed: no number, below 0, or not finite. */
export function passableWeight(weight: unknown): number {
  return typeof weight === 'number' && weight >= 0 && weight < Number.POSITIVE_INFINITY
    ? weight
    : Number.NaN
}

type Nodes = {
  readonly count: number
  readonly words: Uint32Array
  readonly types: Uint16Array
  readonly index: IdIndex
}

function sortedNodes(added: Column<Uint32Array>, addedTypes: Column<Uint16Array>): Nodes {
  const count = addedTypes.length
  const words = new Uint32Array(count * 4)
  const types = new Uint16Array(count)
  for (let word = 0; word < words.length; word += 1) words[word] = added.at(word)
  for (let node = 0; node < count; node += 1) types[node] = addedTypes.at(node)
  let isSorted = true
  for (let node = 1; node < count && isSorted; node += 1) {
    isSorted = compareUuids(words, node * 4 - 4, words, node * 4) < 0
  }
  if (!isSorted) sortNodes(words, types)
  return { count, words, types, index: new IdIndex(words, count) }
}

function sortNodes(words: Uint32Array, types: Uint16Array): void {
  const order = new Uint32Array(types.length).map((_, node) => node)
  order.sort((a, b) => compareUuids(words, a * 4, words, b * 4))
  const unsortedWords = words.slice()
  const unsortedTypes = types.slice()
  for (let node = 0; node < order.length; node += 1) {
    const former = order[node] ?? 0
    words.set(unsortedWords.subarray(former * 4, former * 4 + 4), node * 4)
    types[node] = unsortedTypes[former] ?? 0
    if (node > 0 && compareUuids(words, node * 4 - 4, words, node * 4) === 0) {
      throw new RangeError('two entities have the same id')
    }
  }
}

function orderBySeq(seqs: Column<Uint32Array>): Uint32Array {
  const order = new Uint32Array(seqs.length).map((_, edge) => edge)
  return order.sort((a, b) => seqs.at(a) - seqs.at(b))
}
