import type { Filters } from './engine.ts'
import type { GraphView } from './graph-view.ts'
import { nodeFilter } from './node-filter.ts'
import { DELETED } from './overlay.ts'

/** By node, 1 for those that exist and pass the filters; and how many these are. */
export function admitted(view: GraphView, filters: Filters) {
  const filter = nodeFilter(filters, view)
  const { flags } = view.overlay
  const marks = new Uint8Array(view.nodeNumbers)
  let count = 0
  for (let node = 0; node < marks.length; node += 1) {
    if (((flags[node] ?? 0) & DELETED) !== 0) continue
    if (filter !== null && !filter.passes(node)) continue
    marks[node] = 1
    count += 1
  }
  return { marks, count }
}
