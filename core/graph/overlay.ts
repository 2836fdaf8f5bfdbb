/** What differs at a node from the base; 0 for nearly all of them. */
export const ADDED_OUT = 1
export const ADDED_IN = 2
export const REMOVED_OUT = 4
export const REMOVED_IN = 8
export const DELETED = 16
export const TOUCHED_OUT = ADDED_OUT | REMOVED_OUT
export const TOUCHED_IN = ADDED_IN | REMOVED_IN

const NO_EDGES: readonly number[] = []

/**
 * What the log added to a base topology and took from it. Nodes and edges of its own are numbered
 * after those of the base. Its edges were all created after those of the base, so the edges of a
 * node are those of the base that are left, and then those of its own: still by `created_seq`.
 */
export class Overlay {
  readonly #baseNodes: number
  readonly #baseEdges: number
  /** Flags by node; empty as long as nothing differs, so that a reader has one length to look at. */
  flags = new Uint8Array(0)
  /** One bit per edge that is gone; empty as long as none is. */
  #removed = new Uint8Array(0)
  /** Four words per node of its own. */
  words = new Uint32Array(0)
  readonly types: number[] = []
  readonly #byId = new Map<string, number>()
  readonly #out = new Map<number, number[]>()
  readonly #in = new Map<number, number[]>()
  readonly from: number[] = []
  readonly to: number[] = []
  readonly edgeTypes: number[] = []
  readonly seqs: number[] = []
  /** Weights of edges of its own, and those of the base that changed. */
  readonly weights = new Map<number, number>()
  /** Deleted by changes being applied, whose relationships are yet to go. */
  readonly buried = new Map<string, number>()
  deletedNodes = 0
  removedEdges = 0

  constructor(baseNodes: number, baseEdges: number) {
    this.#baseNodes = baseNodes
    this.#baseEdges = baseEdges
  }

  /** Nodes and edges added and removed: 0 when the base is all there is. */
  get size(): number {
    return this.types.length + this.seqs.length + this.deletedNodes + this.removedEdges
  }

  find(id: string): number | undefined {
    return this.#byId.size === 0 ? undefined : this.#byId.get(id.toLowerCase())
  }

  isDeleted(node: number): boolean {
    return ((this.flags[node] ?? 0) & DELETED) !== 0
  }

  isRemoved(edge: number): boolean {
    return ((this.#removed[edge >>> 3] ?? 0) & (1 << (edge & 7))) !== 0
  }

  addedOut(node: number): readonly number[] {
    return this.#out.get(node) ?? NO_EDGES
  }

  addedIn(node: number): readonly number[] {
    return this.#in.get(node) ?? NO_EDGES
  }

  addNode(id: string, words: Uint32Array, type: number): void {
    const own = this.types.length
    if (this.words.length < (own + 1) * 4) this.words = grown(this.words, (own + 1) * 4)
    this.words.set(words, own * 4)
    this.types.push(type)
    this.#byId.set(id, this.#baseNodes + own)
  }

  deleteNode(id: string, node: number): void {
    this.#flag(node, DELETED)
    this.#byId.delete(id)
    this.buried.set(id, node)
    this.deletedNodes += 1
  }

  /** The number of the new edge. */
  addEdge(from: number, to: number, type: number, seq: number): number {
    const edge = this.#baseEdges + this.seqs.length
    this.from.push(from)
    this.to.push(to)
    this.edgeTypes.push(type)
    this.seqs.push(seq)
    append(this.#out, from, edge)
    append(this.#in, to, edge)
    this.#flag(from, ADDED_OUT)
    this.#flag(to, ADDED_IN)
    return edge
  }

  removeEdge(edge: number, from: number, to: number): void {
    const byte = edge >>> 3
    if (byte >= this.#removed.length) {
      const edges = this.#baseEdges + this.seqs.length
      this.#removed = grown(this.#removed, (edges >>> 3) + 1)
    }
    this.#removed[byte] = (this.#removed[byte] ?? 0) | (1 << (edge & 7))
    this.weights.delete(edge)
    this.#flag(from, REMOVED_OUT)
    this.#flag(to, REMOVED_IN)
    this.removedEdges += 1
  }

  #flag(node: number, flag: number): void {
    if (node >= this.flags.length) {
      this.flags = grown(this.flags, Math.max(node + 1, this.#baseNodes + this.types.length))
    }
    this.flags[node] = (this.flags[node] ?? 0) | flag
  }
}

function append(lists: Map<number, number[]>, node: number, edge: number): void {
  const list = lists.get(node)
  if (list) list.push(edge)
  else lists.set(node, [edge])
}

/** A copy with room for at least `length`; an eighth more, so that growing one by one stays cheap. */
function grown<T extends Uint8Array | Uint32Array>(array: T, length: number): T {
  const Constructor = array.constructor as new (length: number) => T
  const larger = new Constructor(length + Math.max(64, length >>> 3))
  larger.set(array)
  return larger
}
