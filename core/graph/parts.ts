import type { Codes } from './codes.ts'
import { IdIndex } from './id-index.ts'
import { type Draft, draftTopology, type Topology, type TopologyMeta } from './topology.ts'
import { writeUuid } from './uuid-words.ts'

/**
 * The records of a graph in files of bounded size: what a topology is made of when its graph is read by many
 * invocations, none of which can hold what came before. Columns one after the other, in the words of the
 * machine; the number of rows follows from the length.
 */
const ENTITY_BYTES = 18
const RELATIONSHIP_BYTES = 14

export type EntityPart = { readonly words: Uint32Array; readonly types: Uint16Array }

export type RelationshipPart = {
  readonly seqs: Uint32Array
  /** Numbers of nodes. */
  readonly from: Uint32Array
  readonly to: Uint32Array
  readonly types: Uint16Array
}

/** Entities by id, as a file. Names of types that are not known yet become known. */
export function entityPart(
  rows: readonly (readonly [id: string, type: string])[],
  codes: Codes,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(rows.length * ENTITY_BYTES)
  const { words, types } = readEntityPart(bytes.buffer)
  rows.forEach(([id, type], row) => {
    if (!writeUuid(id, words, row * 4)) throw new TypeError(`not a UUID: ${JSON.stringify(id)}`)
    types[row] = codes.intern(type)
  })
  return bytes
}

export function readEntityPart(buffer: ArrayBuffer): EntityPart {
  const count = buffer.byteLength / ENTITY_BYTES
  return {
    words: new Uint32Array(buffer, 0, count * 4),
    types: new Uint16Array(buffer, count * 16, count),
  }
}

type RelationshipRow = readonly [
  createdSeq: number,
  type: string,
  from: string,
  to: string,
  ...unknown[],
]

/** Relationships by `created_seq`, as a file. Throws `RangeError` for an end that is no entity. */
export function relationshipPart(
  rows: readonly RelationshipRow[],
  codes: Codes,
  nodes: NodeNumbers,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(rows.length * RELATIONSHIP_BYTES)
  const { seqs, from, to, types } = readRelationshipPart(bytes.buffer)
  rows.forEach(([createdSeq, type, fromId, toId], row) => {
    seqs[row] = createdSeq
    from[row] = nodes.find(fromId)
    to[row] = nodes.find(toId)
    types[row] = codes.intern(type)
  })
  return bytes
}

export function readRelationshipPart(buffer: ArrayBuffer): RelationshipPart {
  const count = buffer.byteLength / RELATIONSHIP_BYTES
  return {
    seqs: new Uint32Array(buffer, 0, count),
    from: new Uint32Array(buffer, count * 4, count),
    to: new Uint32Array(buffer, count * 8, count),
    types: new Uint16Array(buffer, count * 12, count),
  }
}

/** Several of them as one file. */
export function joinEntityParts(
  files: readonly Uint8Array<ArrayBuffer>[],
): Uint8Array<ArrayBuffer> {
  const joined = emptyFile(files)
  const whole = readEntityPart(joined.buffer)
  let at = 0
  for (const { words, types } of files.map(({ buffer }) => readEntityPart(buffer))) {
    whole.words.set(words, at * 4)
    whole.types.set(types, at)
    at += types.length
  }
  return joined
}

/** Several of them as one file. */
export function joinRelationshipParts(
  files: readonly Uint8Array<ArrayBuffer>[],
): Uint8Array<ArrayBuffer> {
  const joined = emptyFile(files)
  const whole = readRelationshipPart(joined.buffer)
  let at = 0
  for (const { seqs, from, to, types } of files.map(({ buffer }) => readRelationshipPart(buffer))) {
    whole.seqs.set(seqs, at)
    whole.from.set(from, at)
    whole.to.set(to, at)
    whole.types.set(types, at)
    at += seqs.length
  }
  return joined
}

function emptyFile(files: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(files.reduce((sum, { byteLength }) => sum + byteLength, 0))
}

/** Numbers of nodes by their ids: 24 to 32 bytes per node. */
export class NodeNumbers {
  readonly #index: IdIndex
  readonly #sought = new Uint32Array(4)

  /** All entities, part after part. */
  constructor(count: number, parts: readonly EntityPart[]) {
    const words = new Uint32Array(count * 4)
    let at = 0
    for (const part of parts) {
      words.set(part.words, at)
      at += part.words.length
    }
    this.#index = new IdIndex(words, count)
  }

  find(id: string): number {
    const node = writeUuid(id, this.#sought, 0) ? this.#index.find(this.#sought, 0) : -1
    if (node < 0) throw new RangeError(`no entity ${JSON.stringify(id)} was added`)
    return node
  }
}

/**
 * Makes a topology of parts: all of entities, then all of relationships to be counted, then the same to be
 * placed, each time in their order, then `finish`. Holds the topology, 8 bytes per node, and a part.
 */
export class TopologyAssembly {
  readonly #draft: Draft
  #nodes = 0
  #counted = 0
  #placed = 0
  #outNext = new Uint32Array(0)
  #inNext = new Uint32Array(0)
  #lastSeq = 0

  constructor(
    counts: { readonly nodes: number; readonly edges: number },
    seq: number,
    meta: TopologyMeta,
  ) {
    this.#draft = draftTopology({ ...counts, weightBits: 0 }, seq, meta)
  }

  addEntities({ words, types }: EntityPart): void {
    this.#draft.ids.set(words, this.#nodes * 4)
    this.#draft.nodeTypes.set(types, this.#nodes)
    this.#nodes += types.length
  }

  count({ from, to }: RelationshipPart): void {
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
  place({ seqs, from, to, types }: RelationshipPart): void {
    if (this.#placed === 0) this.#beginToPlace()
    const { outTargets, outTypes, outSeqs, inSources, inTypes, inEdges } = this.#draft
    const outNext = this.#outNext
    const inNext = this.#inNext
    for (let edge = 0; edge < seqs.length; edge += 1) {
      const seq = seqs[edge] ?? 0
      if (seq <= this.#lastSeq)
        throw new RangeError(`created_seq ${seq} comes after ${this.#lastSeq}`)
      this.#lastSeq = seq
      const source = from[edge] ?? 0
      const target = to[edge] ?? 0
      const type = types[edge] ?? 0
      const out = outNext[source] ?? 0
      outNext[source] = out + 1
      outTargets[out] = target
      outTypes[out] = type
      outSeqs[out] = seq
      const into = inNext[target] ?? 0
      inNext[target] = into + 1
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

  #beginToPlace(): void {
    const { nodes, outOffsets, inOffsets } = this.#draft
    for (let node = 0; node < nodes; node += 1) {
      outOffsets[node + 1] = (outOffsets[node] ?? 0) + (outOffsets[node + 1] ?? 0)
      inOffsets[node + 1] = (inOffsets[node] ?? 0) + (inOffsets[node + 1] ?? 0)
    }
    this.#outNext = outOffsets.slice()
    this.#inNext = inOffsets.slice()
  }
}
