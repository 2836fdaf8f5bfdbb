import type { Filters } from './engine.ts'
import type { GraphView } from './graph-view.ts'

/** By code, 1 for the named types; `null` when all are asked for. */
function maskOf(names: readonly string[] | undefined, codes: GraphView['entityTypes']) {
  if (names === undefined) return null
  const mask = new Uint8Array(codes.names.length)
  for (const name of names) {
    const code = codes.get(name)
    if (code !== undefined) mask[code] = 1
  }
  return mask.includes(0) || mask.length === 0 ? mask : null
}

/** Codes of the relationship types that pass, or `null`. */
export function typeMask({ types }: Filters, view: GraphView): Uint8Array | null {
  return maskOf(types, view.relationshipTypes)
}

/** Says which nodes may be entered. */
export class NodeFilter {
  readonly #view: GraphView
  readonly #mask: Uint8Array | null
  readonly #candidates: Uint8Array | null

  constructor(view: GraphView, mask: Uint8Array | null, candidates: Uint8Array | null) {
    this.#view = view
    this.#mask = mask
    this.#candidates = candidates
  }

  passes(node: number): boolean {
    if (this.#mask !== null && this.#mask[this.#view.typeCodeOf(node)] !== 1) return false
    if (this.#candidates === null) return true
    return ((this.#candidates[node >>> 3] ?? 0) & (1 << (node & 7))) !== 0
  }
}

/** `null` when every node may be entered: the loops then ask nothing. */
export function nodeFilter({ entityTypes, candidates }: Filters, view: GraphView) {
  const mask = maskOf(entityTypes, view.entityTypes)
  if (mask === null && candidates === undefined) return null
  return new NodeFilter(view, mask, candidates ? bitmapOf(candidates, view) : null)
}

function bitmapOf(ids: readonly string[], view: GraphView): Uint8Array {
  const bits = new Uint8Array((view.nodeNumbers >>> 3) + 1)
  for (const id of ids) {
    const node = view.find(id)
    if (node >= 0) bits[node >>> 3] = (bits[node >>> 3] ?? 0) | (1 << (node & 7))
  }
  return bits
}
