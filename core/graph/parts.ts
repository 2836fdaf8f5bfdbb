import { passableWeight } from './builder.ts'
import type { Codes } from './codes.ts'
import { IdIndex } from './id-index.ts'
import { writeUuid } from './uuid-words.ts'

/**
 * The records of a graph in files of bounded size: what a topology is made of when its graph is read by many
 * invocations, none of which can hold what came before. Columns one after the other, in the words of the
 * machine, at the beginning of a buffer; the number of rows follows from the length.
 */
export const ENTITY_BYTES = 18
const RELATIONSHIP_BYTES = 14
const WEIGHT_BYTES = 8

export type EntityPart = { readonly words: Uint32Array; readonly types: Uint16Array }

export type RelationshipPart = {
  readonly seqs: Uint32Array
  /** Numbers of nodes. */
  readonly from: Uint32Array
  readonly to: Uint32Array
  readonly types: Uint16Array
  /** NaN for those that cannot be passed; `null`: there are none. */
  readonly weights: Float64Array | null
}

/** Entities by id, as a file. Names of types that are not known yet become known. */
export function entityPart(
  rows: readonly (readonly [id: string, type: string])[],
  codes: Codes,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(rows.length * ENTITY_BYTES)
  const { words, types } = readEntityPart(bytes)
  rows.forEach(([id, type], row) => {
    if (!writeUuid(id, words, row * 4)) throw new TypeError(`not a UUID: ${JSON.stringify(id)}`)
    types[row] = codes.intern(type)
  })
  return bytes
}

export function readEntityPart({ buffer, byteLength }: Uint8Array<ArrayBuffer>): EntityPart {
  const count = byteLength / ENTITY_BYTES
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
  weight: unknown,
]

/**
 * Relationships by `created_seq`, as a file, with or without weights. Throws `RangeError` for an end that is
 * no entity.
 */
export function relationshipPart(
  rows: readonly RelationshipRow[],
  codes: Codes,
  nodes: NodeNumbers,
  isWeighted: boolean,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(rows.length * bytesPerRelationship(isWeighted))
  const { seqs, from, to, types, weights } = readRelationshipPart(bytes, isWeighted)
  rows.forEach(([createdSeq, type, fromId, toId, weight], row) => {
    seqs[row] = createdSeq
    from[row] = nodes.find(fromId)
    to[row] = nodes.find(toId)
    types[row] = codes.intern(type)
    if (weights) weights[row] = passableWeight(weight)
  })
  return bytes
}

export function readRelationshipPart(
  { buffer, byteLength }: Uint8Array<ArrayBuffer>,
  isWeighted: boolean,
): RelationshipPart {
  const count = byteLength / bytesPerRelationship(isWeighted)
  // First the widest, so that all are aligned.
  const at = isWeighted ? count * WEIGHT_BYTES : 0
  return {
    seqs: new Uint32Array(buffer, at, count),
    from: new Uint32Array(buffer, at + count * 4, count),
    to: new Uint32Array(buffer, at + count * 8, count),
    types: new Uint16Array(buffer, at + count * 12, count),
    weights: isWeighted ? new Float64Array(buffer, 0, count) : null,
  }
}

export function bytesPerRelationship(isWeighted: boolean): number {
  return RELATIONSHIP_BYTES + (isWeighted ? WEIGHT_BYTES : 0)
}

/** Several of them as one file. */
export function joinEntityParts(
  files: readonly Uint8Array<ArrayBuffer>[],
): Uint8Array<ArrayBuffer> {
  const joined = emptyFile(files)
  const whole = readEntityPart(joined)
  let at = 0
  for (const { words, types } of files.map(readEntityPart)) {
    whole.words.set(words, at * 4)
    whole.types.set(types, at)
    at += types.length
  }
  return joined
}

/** Several of them as one file. */
export function joinRelationshipParts(
  files: readonly Uint8Array<ArrayBuffer>[],
  isWeighted: boolean,
): Uint8Array<ArrayBuffer> {
  const joined = emptyFile(files)
  const whole = readRelationshipPart(joined, isWeighted)
  let at = 0
  for (const file of files) {
    const { seqs, from, to, types, weights } = readRelationshipPart(file, isWeighted)
    whole.seqs.set(seqs, at)
    whole.from.set(from, at)
    whole.to.set(to, at)
    whole.types.set(types, at)
    if (weights) whole.weights?.set(weights, at)
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

  /** Four words of each entity, by id. */
  constructor(words: Uint32Array) {
    this.#index = new IdIndex(words, words.length / 4)
  }

  find(id: string): number {
    const node = writeUuid(id, this.#sought, 0) ? this.#index.find(this.#sought, 0) : -1
    if (node < 0) throw new RangeError(`no entity ${JSON.stringify(id)} was added`)
    return node
  }
}
