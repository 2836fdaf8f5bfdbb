import { TopologyAssembly } from './assembly.ts'
import { Codes } from './codes.ts'
import { IdIndex } from './id-index.ts'
import type { EntityPart, RelationshipPart } from './parts.ts'
import type { Topology } from './topology.ts'
import { compareUuids, writeUuid } from './uuid-words.ts'

/** Edges are named in 32 bits: a graph with more events than this is left to the engine in SQL. */
export const MAX_CREATED_SEQ = 2 ** 32 - 1
/** Rows that are held in one piece: growing copies nothing and wastes one piece at most. */
const PIECE_BITS = 16
const PIECE = 2 ** PIECE_BITS

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
 * Builds a topology at once: first all entities, then all relationships, then `finish`. In any order, but
 * fastest with entities by id and relationships by `created_seq`, as their indexes give them. In the end it
 * holds 14 bytes more per edge and 18 more per node than the topology, and no object for any of them. What
 * has no room for that is made of files, by `TopologyAssembly`.
 */
export class TopologyBuilder {
  readonly #options: BuilderOptions
  readonly #entityTypes = new Codes()
  readonly #relationshipTypes = new Codes()
  readonly #entities: EntityPart[] = []
  readonly #relationships: RelationshipPart[] = []
  readonly #sought = new Uint32Array(4)
  #nodes = 0
  #edges = 0
  #sorted: EntityPart | null = null
  #index: IdIndex | null = null
  #lastSeq = 0
  #isSorted = true
  #isFinished = false

  constructor(options: BuilderOptions) {
    this.#options = options
  }

  addEntity(id: string, type: string): void {
    if (this.#index) throw new Error('entities are added before relationships')
    if (!writeUuid(id, this.#sought, 0)) throw new TypeError(`not a UUID: ${JSON.stringify(id)}`)
    const code = this.#entityTypes.intern(type)
    const row = this.#nodes & (PIECE - 1)
    if (row === 0) this.#entities.push(newEntityPart(PIECE))
    const { words, types } = this.#entities.at(-1) ?? newEntityPart(0)
    words.set(this.#sought, row * 4)
    types[row] = code
    this.#nodes += 1
  }

  addRelationship({ createdSeq, type, from, to, weight }: BuiltRelationship): void {
    if (this.#isFinished) throw new Error('the topology is finished')
    if (!Number.isInteger(createdSeq) || createdSeq < 1 || createdSeq > MAX_CREATED_SEQ) {
      throw new RangeError(`created_seq must be from 1 to ${MAX_CREATED_SEQ}, got ${createdSeq}`)
    }
    const fromNode = this.#find(from)
    const toNode = this.#find(to)
    const code = this.#relationshipTypes.intern(type)
    const row = this.#edges & (PIECE - 1)
    const isWeighted = this.#options.weight !== undefined
    if (row === 0) this.#relationships.push(newRelationshipPart(PIECE, isWeighted))
    const piece = this.#relationships.at(-1) ?? newRelationshipPart(0, isWeighted)
    piece.seqs[row] = createdSeq
    piece.from[row] = fromNode
    piece.to[row] = toNode
    piece.types[row] = code
    if (piece.weights) piece.weights[row] = passableWeight(weight)
    if (createdSeq <= this.#lastSeq) this.#isSorted = false
    this.#lastSeq = createdSeq
    this.#edges += 1
  }

  finish(): Topology {
    if (this.#isFinished) throw new Error('the topology is finished')
    const entities = this.#sortedEntities()
    this.#isFinished = true
    this.#index = null
    const { history, seq, weight } = this.#options
    const counts = {
      nodes: this.#nodes,
      edges: this.#edges,
      weightBits: weight?.bits ?? 0,
    } as const
    const assembly = new TopologyAssembly(counts, seq, {
      history,
      weightProperty: weight?.property ?? null,
      entityTypes: this.#entityTypes.names,
      relationshipTypes: this.#relationshipTypes.names,
    })
    assembly.addEntities(entities)
    this.#sorted = null
    const parts = this.#relationships.map((piece, place) =>
      beginningOf(piece, Math.min(PIECE, this.#edges - place * PIECE)),
    )
    for (const part of parts) assembly.count(part)
    for (const part of this.#isSorted ? parts : bySeq(parts, this.#edges)) assembly.place(part)
    return assembly.finish()
  }

  #find(id: string): number {
    this.#index ??= new IdIndex(this.#sortedEntities().words, this.#nodes)
    const isId = writeUuid(id, this.#sought, 0)
    const node = isId ? this.#index.find(this.#sought, 0) : -1
    if (node < 0) throw new RangeError(`no entity ${JSON.stringify(id)} was added`)
    return node
  }

  #sortedEntities(): EntityPart {
    this.#sorted ??= sortedEntities(this.#entities, this.#nodes)
    this.#entities.length = 0
    return this.#sorted
  }
}

/** NaN for what cannot be passed: no number, below 0, or not finite. */
export function passableWeight(weight: unknown): number {
  return typeof weight === 'number' && weight >= 0 && weight < Number.POSITIVE_INFINITY
    ? weight
    : Number.NaN
}

function newEntityPart(rows: number): EntityPart {
  return { words: new Uint32Array(rows * 4), types: new Uint16Array(rows) }
}

function newRelationshipPart(rows: number, isWeighted: boolean): RelationshipPart {
  return {
    seqs: new Uint32Array(rows),
    from: new Uint32Array(rows),
    to: new Uint32Array(rows),
    types: new Uint16Array(rows),
    weights: isWeighted ? new Float64Array(rows) : null,
  }
}

function beginningOf(part: RelationshipPart, rows: number): RelationshipPart {
  return {
    seqs: part.seqs.subarray(0, rows),
    from: part.from.subarray(0, rows),
    to: part.to.subarray(0, rows),
    types: part.types.subarray(0, rows),
    weights: part.weights?.subarray(0, rows) ?? null,
  }
}

function sortedEntities(pieces: readonly EntityPart[], count: number): EntityPart {
  const { words, types } = newEntityPart(count)
  for (const [place, piece] of pieces.entries()) {
    const rows = Math.min(PIECE, count - place * PIECE)
    words.set(piece.words.subarray(0, rows * 4), place * PIECE * 4)
    types.set(piece.types.subarray(0, rows), place * PIECE)
  }
  let isSorted = true
  for (let node = 1; node < count && isSorted; node += 1) {
    isSorted = compareUuids(words, node * 4 - 4, words, node * 4) < 0
  }
  if (!isSorted) sortEntities(words, types)
  return { words, types }
}

function sortEntities(words: Uint32Array, types: Uint16Array): void {
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

/** The same relationships by `created_seq`, piece by piece. */
function* bySeq(parts: readonly RelationshipPart[], edges: number): Generator<RelationshipPart> {
  const seqOf = (edge: number) => parts[edge >>> PIECE_BITS]?.seqs[edge & (PIECE - 1)] ?? 0
  const order = new Uint32Array(edges).map((_, edge) => edge).sort((a, b) => seqOf(a) - seqOf(b))
  for (let start = 0; start < edges; start += PIECE) {
    const rows = Math.min(PIECE, edges - start)
    const sorted = newRelationshipPart(rows, parts[0]?.weights !== null)
    for (let row = 0; row < rows; row += 1) {
      const edge = order[start + row] ?? 0
      const place = edge & (PIECE - 1)
      const part = parts[edge >>> PIECE_BITS]
      if (!part) throw new Error('pieces hold all edges')
      const seq = part.seqs[place] ?? 0
      if (start + row > 0 && seq === seqOf(order[start + row - 1] ?? 0)) {
        throw new RangeError(`two relationships have created_seq ${seq}`)
      }
      sorted.seqs[row] = seq
      sorted.from[row] = part.from[place] ?? 0
      sorted.to[row] = part.to[place] ?? 0
      sorted.types[row] = part.types[place] ?? 0
      if (sorted.weights) sorted.weights[row] = part.weights?.[place] ?? Number.NaN
    }
    yield sorted
  }
}
