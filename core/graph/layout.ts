/** "TNDL", read as a little-endian word: a big-endian machine would not recognise its own files. */
export const MAGIC = 0x4c444e54
/** Grows with every change of the layout; another one is refused, and the topology built anew. */
export const LAYOUT_VERSION = 1
export const HEADER_BYTES = 64

/** Where the header's words are. What the checksum covers begins after it. */
export const HEADER = {
  magic: 0,
  version: 1,
  checksum: 2,
  weightBits: 3,
  byteLengthLow: 4,
  byteLengthHigh: 5,
  nodes: 6,
  edges: 7,
  seqLow: 8,
  seqHigh: 9,
  metaBytes: 10,
} as const

const TWO_32 = 2 ** 32

export type WeightBits = 0 | 32 | 64

export type Sizes = {
  readonly nodes: number
  readonly edges: number
  readonly weightBits: WeightBits
  readonly metaBytes: number
}

/** Where each column begins, in bytes, in the order of alignment: 8, 4, then 2 bytes; and the total. */
export function layoutOf({ nodes, edges, weightBits, metaBytes }: Sizes) {
  let at = HEADER_BYTES
  const column = (bytes: number): number => {
    const start = at
    // Columns begin at multiples of 8, so that any of them may be read by views of any width.
    at += Math.ceil(bytes / 8) * 8
    return start
  }
  return {
    ids: column(nodes * 16),
    weights: column((edges * weightBits) / 8),
    outOffsets: column((nodes + 1) * 4),
    inOffsets: column((nodes + 1) * 4),
    outTargets: column(edges * 4),
    outSeqs: column(edges * 4),
    inSources: column(edges * 4),
    inEdges: column(edges * 4),
    nodeTypes: column(nodes * 2),
    outTypes: column(edges * 2),
    inTypes: column(edges * 2),
    meta: column(metaBytes),
    byteLength: at,
  }
}

export function readPair(words: Uint32Array, low: number, high: number): number {
  return (words[low] ?? 0) + (words[high] ?? 0) * TWO_32
}

export function writePair(words: Uint32Array, low: number, high: number, value: number): void {
  words[low] = value % TWO_32
  words[high] = Math.floor(value / TWO_32)
}
