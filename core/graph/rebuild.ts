import { Adjacency } from './adjacency.ts'
import type { GraphView } from './graph-view.ts'
import { type Draft, draftTopology, type Topology } from './topology.ts'
import { compareUuids } from './uuid-words.ts'

/** Share of the base by which the changes beside it may grow, and what is always allowed. */
export const REBUILD_SHARE = 0.05
export const REBUILD_LEAST = 5_000

/**
 * Whether the changes beside the base outgrew their share of it: each costs some 100 bytes instead of
 * 20, and the nodes that they touch are read by a slower way.
 */
export function shouldRebuild({ base, overlay }: GraphView, share = REBUILD_SHARE): boolean {
  return overlay.size > Math.max(REBUILD_LEAST, share * (base.nodes + base.edges))
}

/**
 * A new base from a view, at its seq: as if it had been built from the graph as it is now, but for the
 * codes of types, which stay. Holds the old base, the new one, and 4 bytes per edge and node more.
 */
export function rebuild(view: GraphView): Topology {
  const { base, overlay } = view
  const order = orderedNodes(view)
  const weightBits = base.weights === null ? 0 : base.weights instanceof Float32Array ? 32 : 64
  const draft = draftTopology(
    {
      nodes: order.length,
      edges: base.edges + overlay.seqs.length - overlay.removedEdges,
      weightBits,
    },
    view.seq,
    {
      ...base.meta,
      entityTypes: view.entityTypes.names,
      relationshipTypes: view.relationshipTypes.names,
    },
  )
  const numbers = new Uint32Array(view.nodeNumbers)
  for (let node = 0; node < order.length; node += 1) numbers[order[node] ?? 0] = node
  copyNodes(view, order, draft)
  const edgeNumbers = copyOut(view, order, numbers, draft)
  copyIn(view, order, numbers, edgeNumbers, draft)
  return draft.seal()
}

/** Numbers of the nodes that are left, by id. */
function orderedNodes(view: GraphView): Uint32Array {
  const { base, overlay } = view
  const order = new Uint32Array(view.entities)
  const own: number[] = []
  for (let node = base.nodes; node < view.nodeNumbers; node += 1) {
    if (!overlay.isDeleted(node)) own.push(node)
  }
  const { words } = overlay
  own.sort((a, b) => compareUuids(words, (a - base.nodes) * 4, words, (b - base.nodes) * 4))
  let length = 0
  let nextOwn = 0
  for (let node = 0; node <= base.nodes; node += 1) {
    for (; nextOwn < own.length; nextOwn += 1) {
      const candidate = own[nextOwn] ?? 0
      const at = (candidate - base.nodes) * 4
      if (node < base.nodes && compareUuids(words, at, base.ids, node * 4) > 0) break
      order[length] = candidate
      length += 1
    }
    if (node === base.nodes || overlay.isDeleted(node)) continue
    order[length] = node
    length += 1
  }
  return order
}

function copyNodes(view: GraphView, order: Uint32Array, draft: Draft): void {
  const { base, overlay } = view
  for (let node = 0; node < order.length; node += 1) {
    const former = order[node] ?? 0
    const isOwn = former >= base.nodes
    const words = isOwn ? overlay.words : base.ids
    const at = (isOwn ? former - base.nodes : former) * 4
    for (let word = 0; word < 4; word += 1) draft.ids[node * 4 + word] = words[at + word] ?? 0
    draft.nodeTypes[node] = view.typeCodeOf(former)
  }
}

/** New numbers of the edges by their old ones. */
function copyOut(view: GraphView, order: Uint32Array, numbers: Uint32Array, draft: Draft) {
  const { base, overlay } = view
  const { outOffsets, outTargets, outTypes, outSeqs, weights } = draft
  const edgeNumbers = new Uint32Array(view.edgeNumbers)
  const adjacency = new Adjacency(view, null)
  let next = 0
  for (let node = 0; node < order.length; node += 1) {
    adjacency.openOut(order[node] ?? 0)
    const { targets, start, end } = adjacency
    for (let i = start; i < end; i += 1) {
      const edge = adjacency.edgeAt(i)
      const own = edge - base.edges
      outTargets[next] = numbers[targets[i] ?? 0] ?? 0
      outTypes[next] = (own < 0 ? base.outTypes[edge] : overlay.edgeTypes[own]) ?? 0
      outSeqs[next] = view.seqOf(edge)
      if (weights) weights[next] = view.weightOf(edge)
      edgeNumbers[edge] = next
      next += 1
    }
    outOffsets[node + 1] = next
  }
  return edgeNumbers
}

function copyIn(
  view: GraphView,
  order: Uint32Array,
  numbers: Uint32Array,
  edgeNumbers: Uint32Array,
  draft: Draft,
): void {
  const { inOffsets, inSources, inTypes, inEdges, outTypes } = draft
  const adjacency = new Adjacency(view, null)
  let next = 0
  for (let node = 0; node < order.length; node += 1) {
    adjacency.openIn(order[node] ?? 0)
    const { targets, start, end } = adjacency
    for (let i = start; i < end; i += 1) {
      const edge = edgeNumbers[adjacency.edgeAt(i)] ?? 0
      inSources[next] = numbers[targets[i] ?? 0] ?? 0
      inTypes[next] = outTypes[edge] ?? 0
      inEdges[next] = edge
      next += 1
    }
    inOffsets[node + 1] = next
  }
}
