import { Adjacency } from './adjacency.ts'
import { MAX_CREATED_SEQ, passableWeight } from './builder.ts'
import type { GraphView } from './graph-view.ts'
import { TopologyError } from './topology-error.ts'
import { writeUuid } from './uuid-words.ts'

/** What an event of the log changes in the topology; events that change nothing in it need no record. */
export type TopologyChange = { readonly seq: number } & (
  | { readonly kind: 'entity.created'; readonly id: string; readonly type: string }
  | { readonly kind: 'entity.deleted'; readonly id: string }
  | ({
      readonly kind: 'relationship.created'
      /** What the weight property holds; not needed where the topology has no weights. */
      readonly weight?: unknown
    } & Ends)
  | ({ readonly kind: 'relationship.deleted' } & NamedEdge)
  | ({ readonly kind: 'relationship.weighted'; readonly weight: unknown } & NamedEdge)
)

type Ends = { readonly type: string; readonly from: string; readonly to: string }

type NamedEdge = Ends & {
  /** `null` when it is not known: it is then the only edge of this type between these ends. */
  readonly createdSeq: number | null
}

/**
 * Brings a view forward, in place, to `seq`, by the changes of the log up to it, in the log's order. Those
 * that the view has seen already are passed over. `seq` is one that a commit ended at: inside of a commit,
 * an entity is gone before its relationships are. Throws `TopologyError` `mismatch` when a change does
 * not fit; the view is then good for nothing and is to be thrown away.
 */
export function applyChanges(
  view: GraphView,
  changes: Iterable<TopologyChange>,
  seq: number,
): void {
  let last = view.seq
  for (const change of changes) {
    if (change.seq <= view.seq) continue
    if (change.seq <= last || change.seq > seq) {
      throw mismatch(change, `does not come after ${last}, up to ${seq}`)
    }
    last = change.seq
    applyChange(view, change)
  }
  for (const id of view.overlay.buried.keys()) leaveBehind(view, id, seq)
  view.seq = Math.max(view.seq, seq)
}

function applyChange(view: GraphView, change: TopologyChange): void {
  switch (change.kind) {
    case 'entity.created':
      addEntity(view, change)
      return
    case 'entity.deleted':
      view.overlay.deleteNode(change.id.toLowerCase(), nodeOf(view, change, change.id))
      return
    case 'relationship.created': {
      const { overlay, base } = view
      if (change.seq > MAX_CREATED_SEQ) throw mismatch(change, 'is too large to name an edge')
      const from = nodeOf(view, change, change.from)
      const to = nodeOf(view, change, change.to)
      const type = view.relationshipTypes.intern(change.type)
      const edge = overlay.addEdge(from, to, type, change.seq)
      if (base.weights) overlay.weights.set(edge, rounded(view, change.weight))
      return
    }
    case 'relationship.deleted': {
      const { edge, from, to } = edgeOf(view, change)
      view.overlay.removeEdge(edge, from, to)
      return
    }
    case 'relationship.weighted': {
      const { edge } = edgeOf(view, change)
      if (view.base.weights) view.overlay.weights.set(edge, rounded(view, change.weight))
      return
    }
  }
}

const words = new Uint32Array(4)

/** All is done that there was to do for a deleted entity. */
function leaveBehind(view: GraphView, id: string, seq: number): void {
  const { buried } = view.overlay
  const node = buried.get(id)
  if (node === undefined) return
  buried.delete(id)
  const adjacency = new Adjacency(view, null)
  for (const outgoing of [true, false]) {
    adjacency.open(node, outgoing)
    if (adjacency.end > adjacency.start) {
      throw new TopologyError('mismatch', `at ${seq}, relationships of ${id} outlive it`)
    }
  }
}

function addEntity(view: GraphView, change: TopologyChange & { kind: 'entity.created' }): void {
  if (!writeUuid(change.id, words, 0)) throw mismatch(change, `names ${change.id}, no UUID`)
  if (view.find(change.id) >= 0) throw mismatch(change, `creates ${change.id}, which is there`)
  leaveBehind(view, change.id.toLowerCase(), change.seq)
  view.overlay.addNode(change.id.toLowerCase(), words, view.entityTypes.intern(change.type))
}

/** A 32-bit topology holds rounded weights, wherever they come from. */
function rounded(view: GraphView, weight: unknown): number {
  const passable = passableWeight(weight)
  return view.base.weights instanceof Float32Array ? Math.fround(passable) : passable
}

function nodeOf(view: GraphView, change: TopologyChange, id: string): number {
  const node = view.find(id)
  if (node < 0) throw mismatch(change, `names the entity ${id}, which is not there`)
  return node
}

function edgeOf(view: GraphView, change: TopologyChange & NamedEdge) {
  const { buried } = view.overlay
  const from = buried.get(change.from.toLowerCase()) ?? nodeOf(view, change, change.from)
  const to = buried.get(change.to.toLowerCase()) ?? nodeOf(view, change, change.to)
  const type = view.relationshipTypes.get(change.type)
  const edges = edgesFrom(view, from, change.createdSeq).filter((edge) => {
    return targetOf(view, edge) === to && typeCodeOf(view, edge) === type
  })
  const [edge] = edges
  if (edge === undefined) throw mismatch(change, 'names an edge that is not there')
  if (edges.length > 1) throw mismatch(change, 'names one of several edges by its ends alone')
  return { edge, from, to }
}

/** Edges that leave a node and are not gone: the one with this `created_seq`, or all. */
function edgesFrom({ base, overlay }: GraphView, node: number, createdSeq: number | null) {
  const added = overlay.addedOut(node)
  const edges: number[] = []
  if (node < base.nodes) {
    let start = base.outOffsets[node] ?? 0
    let end = base.outOffsets[node + 1] ?? 0
    if (createdSeq !== null) {
      start = firstNotBelow(base.outSeqs, start, end, createdSeq)
      end = base.outSeqs[start] === createdSeq && start < end ? start + 1 : start
    }
    for (let edge = start; edge < end; edge += 1) edges.push(edge)
  }
  for (const edge of added) {
    if (createdSeq === null || overlay.seqs[edge - base.edges] === createdSeq) edges.push(edge)
  }
  return edges.filter((edge) => !overlay.isRemoved(edge))
}

/** Binary search in a sorted part of `seqs`. */
function firstNotBelow(seqs: Uint32Array, start: number, end: number, seq: number): number {
  let low = start
  let high = end
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((seqs[middle] ?? 0) < seq) low = middle + 1
    else high = middle
  }
  return low
}

function targetOf({ base, overlay }: GraphView, edge: number): number | undefined {
  return edge < base.edges ? base.outTargets[edge] : overlay.to[edge - base.edges]
}

function typeCodeOf({ base, overlay }: GraphView, edge: number): number | undefined {
  return edge < base.edges ? base.outTypes[edge] : overlay.edgeTypes[edge - base.edges]
}

function mismatch(change: TopologyChange, what: string): TopologyError {
  return new TopologyError('mismatch', `change ${change.seq} (${change.kind}) ${what}`)
}
