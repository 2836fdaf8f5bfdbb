import { randomFrom } from '../../test/harness/random.ts'

/** Edges by the numbers of their ends; edge `i` has `created_seq` `nodes + i + 1`. */
export type NumberedGraph = {
  readonly nodes: number
  readonly from: Uint32Array
  readonly to: Uint32Array
}

/** Few nodes have most of the edges, at both ends, as in graphs of the web and of people. */
export function powerLawGraph(nodes: number, edges: number, seed: number): NumberedGraph {
  const random = randomFrom(seed)
  const from = new Uint32Array(edges)
  const to = new Uint32Array(edges)
  for (let i = 0; i < edges; i += 1) {
    from[i] = nodes * random() ** 2
    to[i] = nodes * random() ** 3
  }
  return { nodes, from, to }
}

/** Random-looking, and the same for the same number: a graph's ids are not in the order of its degrees. */
export function nodeId(n: number): string {
  const hash = (Math.imul(n + 1, 2_654_435_761) >>> 0).toString(16).padStart(8, '0')
  return `${hash}-0000-7000-8000-${n.toString(16).padStart(12, '0')}`
}
