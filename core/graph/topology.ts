import {
  HEADER,
  HEADER_BYTES,
  LAYOUT_VERSION,
  layoutOf,
  MAGIC,
  readPair,
  type Sizes,
  type WeightBits,
  writePair,
} from './layout.ts'
import { TopologyError } from './topology-error.ts'
import { compareUuids, writeUuid } from './uuid-words.ts'
import { xxhash32 } from './xxhash32.ts'

/** What is not numbers: kept as JSON at the end of the buffer. */
export type TopologyMeta = {
  /** The history of the graph that this is a state of; of another one, no event may be applied. */
  readonly history: string
  /** The property of relationships that holds the weights; `null` when there are none. */
  readonly weightProperty: string | null
  /** A type's code is its index. */
  readonly entityTypes: readonly string[]
  readonly relationshipTypes: readonly string[]
}

/**
 * The entities and relationships of a graph at one seq as compressed sparse rows in both directions,
 * all views over one buffer. Nodes are numbered in the order of their ids, edges by the node that they leave
 * and then by `created_seq`; the edges that arrive at a node are listed by `created_seq` too. Never
 * changed once it is made. 26 bytes per node and 20 per edge, weights apart.
 */
export type Topology = {
  readonly buffer: ArrayBuffer
  readonly meta: TopologyMeta
  readonly seq: number
  readonly nodes: number
  readonly edges: number
  /** Four words each. */
  readonly ids: Uint32Array
  readonly nodeTypes: Uint16Array
  /** Edges of node n: from `outOffsets[n]` to before `outOffsets[n + 1]`. */
  readonly outOffsets: Uint32Array
  readonly outTargets: Uint32Array
  readonly outTypes: Uint16Array
  readonly outSeqs: Uint32Array
  readonly inOffsets: Uint32Array
  readonly inSources: Uint32Array
  readonly inTypes: Uint16Array
  /** The number of the edge, which is its place in the `out` columns. */
  readonly inEdges: Uint32Array
  /** By edge; NaN where it cannot be passed. `null` without a weight property. */
  readonly weights: Float32Array | Float64Array | null
}

/**
 * Reads a buffer in place, without copying it. Throws `TopologyError`: `corrupt`, `truncated` or
 * `version`. The checksum makes sure of everything inside: no index is checked later.
 */
export function openTopology(buffer: ArrayBuffer): Topology {
  const available = buffer.byteLength
  if (available < HEADER_BYTES) return refuseShort(buffer)
  const header = new Uint32Array(buffer, 0, HEADER_BYTES / 4)
  if (header[HEADER.magic] !== MAGIC) throw new TopologyError('corrupt', 'this is not a topology')
  const version = header[HEADER.version]
  if (version !== LAYOUT_VERSION) {
    const message = `the topology has layout ${version}, this code reads layout ${LAYOUT_VERSION}`
    throw new TopologyError('version', message)
  }
  const byteLength = readPair(header, HEADER.byteLengthLow, HEADER.byteLengthHigh)
  if (available < byteLength) {
    const message = `the topology has ${byteLength} bytes, ${available} are there`
    throw new TopologyError('truncated', message)
  }
  const sizes = sizesOf(header)
  if (available !== byteLength || layoutOf(sizes).byteLength !== byteLength) {
    throw new TopologyError('corrupt', `the topology's sizes do not fit its ${available} bytes`)
  }
  if (checksumOf(buffer) !== header[HEADER.checksum]) {
    throw new TopologyError('corrupt', 'the checksum of the topology is wrong')
  }
  return topologyOver(buffer, sizes, readPair(header, HEADER.seqLow, HEADER.seqHigh))
}

function refuseShort(buffer: ArrayBuffer): never {
  const isBeginning = buffer.byteLength < 4 || new DataView(buffer).getUint32(0, true) === MAGIC
  throw isBeginning
    ? new TopologyError('truncated', `${buffer.byteLength} bytes are less than a header`)
    : new TopologyError('corrupt', 'this is not a topology')
}

function sizesOf(header: Uint32Array): Sizes {
  const weightBits = header[HEADER.weightBits]
  if (weightBits !== 0 && weightBits !== 32 && weightBits !== 64) {
    throw new TopologyError('corrupt', `weights of ${weightBits} bits are none of ours`)
  }
  return {
    nodes: header[HEADER.nodes] ?? 0,
    edges: header[HEADER.edges] ?? 0,
    metaBytes: header[HEADER.metaBytes] ?? 0,
    weightBits,
  }
}

function checksumOf(buffer: ArrayBuffer): number {
  return xxhash32(new Uint32Array(buffer, (HEADER.checksum + 1) * 4))
}

function topologyOver(buffer: ArrayBuffer, sizes: Sizes, seq: number): Topology {
  const at = layoutOf(sizes)
  const metaText = new TextDecoder().decode(new Uint8Array(buffer, at.meta, sizes.metaBytes))
  return { ...columnsOver(buffer, sizes), seq, meta: JSON.parse(metaText) as TopologyMeta }
}

/** The views that a topology of these sizes has over the buffer, to be filled or to be read. */
function columnsOver(buffer: ArrayBuffer, sizes: Sizes) {
  const { nodes, edges } = sizes
  const at = layoutOf(sizes)
  return {
    buffer,
    nodes,
    edges,
    ids: new Uint32Array(buffer, at.ids, nodes * 4),
    nodeTypes: new Uint16Array(buffer, at.nodeTypes, nodes),
    outOffsets: new Uint32Array(buffer, at.outOffsets, nodes + 1),
    outTargets: new Uint32Array(buffer, at.outTargets, edges),
    outTypes: new Uint16Array(buffer, at.outTypes, edges),
    outSeqs: new Uint32Array(buffer, at.outSeqs, edges),
    inOffsets: new Uint32Array(buffer, at.inOffsets, nodes + 1),
    inSources: new Uint32Array(buffer, at.inSources, edges),
    inTypes: new Uint16Array(buffer, at.inTypes, edges),
    inEdges: new Uint32Array(buffer, at.inEdges, edges),
    weights: weightsOver(buffer, at.weights, sizes),
  }
}

function weightsOver(buffer: ArrayBuffer, at: number, { edges, weightBits }: Sizes) {
  if (weightBits === 0) return null
  return weightBits === 32
    ? new Float32Array(buffer, at, edges)
    : new Float64Array(buffer, at, edges)
}

/** Columns of a topology to be: filled by the caller, and sealed by `seal`. */
export type Draft = Omit<Topology, 'meta' | 'seq'> & { readonly seal: () => Topology }

/** A buffer of the right size with its header but the checksum, which `seal` writes. */
export function draftTopology(
  counts: { readonly nodes: number; readonly edges: number; readonly weightBits: WeightBits },
  seq: number,
  meta: TopologyMeta,
): Draft {
  const metaText = new TextEncoder().encode(JSON.stringify(meta))
  const sizes = { ...counts, metaBytes: metaText.byteLength }
  const { byteLength, meta: metaAt } = layoutOf(sizes)
  const buffer = new ArrayBuffer(byteLength)
  new Uint8Array(buffer, metaAt).set(metaText)
  const header = new Uint32Array(buffer, 0, HEADER_BYTES / 4)
  header[HEADER.magic] = MAGIC
  header[HEADER.version] = LAYOUT_VERSION
  header[HEADER.weightBits] = sizes.weightBits
  header[HEADER.nodes] = sizes.nodes
  header[HEADER.edges] = sizes.edges
  header[HEADER.metaBytes] = sizes.metaBytes
  writePair(header, HEADER.byteLengthLow, HEADER.byteLengthHigh, byteLength)
  writePair(header, HEADER.seqLow, HEADER.seqHigh, seq)
  const columns = columnsOver(buffer, sizes)
  const seal = (): Topology => {
    header[HEADER.checksum] = checksumOf(buffer)
    return { ...columns, seq, meta }
  }
  return { ...columns, seal }
}

const sought = new Uint32Array(4)

/** The number of the node with this id, by binary search; -1 when there is none. */
export function findNode({ ids, nodes }: Topology, id: string): number {
  if (!writeUuid(id, sought, 0)) return -1
  let low = 0
  let high = nodes - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const order = compareUuids(ids, middle * 4, sought, 0)
    if (order === 0) return middle
    if (order < 0) low = middle + 1
    else high = middle - 1
  }
  return -1
}
