import { TopologyBuilder } from '../../core/graph/builder.ts'
import type { Topology } from '../../core/graph/topology.ts'
import { randomFrom } from '../../test/harness/random.ts'

export type Size = { readonly nodes: number; readonly edges: number }

/** Ids as they are minted: time-ordered, 100 to a millisecond. */
export function idOf(number: number): string {
  const time = (0x0190_0000_0000 + Math.floor(number / 100)).toString(16).padStart(12, '0')
  const rest = (Math.imul(number + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0')
  const tail = (number % 100).toString(16).padStart(3, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${tail}-8${rest.slice(0, 3)}-${rest}0000`
}

/** Ends of the edges: half of them anywhere, half where an earlier edge ended, so that hubs grow. */
export function generatedEnds({ nodes, edges }: Size): { from: Uint32Array; to: Uint32Array } {
  const random = randomFrom(1)
  const from = new Uint32Array(edges)
  const to = new Uint32Array(edges)
  for (let edge = 0; edge < edges; edge += 1) {
    const copied = Math.floor(random() * edge)
    from[edge] = Math.floor(random() * nodes)
    to[edge] = random() < 0.5 && edge > 0 ? (to[copied] ?? 0) : Math.floor(random() * nodes)
  }
  return { from, to }
}

/** Of the node, and of the edge, of that number. */
export function typesOf(number: number) {
  return { entity: `type-${number % 8}`, relationship: `relates-${number % 16}` }
}

export const HISTORY = '00000000-0000-7000-8000-000000000000'

export function builtTopology(
  { nodes, edges }: Size,
  { from, to }: { from: Uint32Array; to: Uint32Array },
): Topology {
  const builder = new TopologyBuilder({ history: HISTORY, seq: nodes + edges })
  for (let node = 0; node < nodes; node += 1) builder.addEntity(idOf(node), typesOf(node).entity)
  for (let edge = 0; edge < edges; edge += 1) {
    builder.addRelationship({
      createdSeq: nodes + edge + 1,
      type: typesOf(edge).relationship,
      from: idOf(from[edge] ?? 0),
      to: idOf(to[edge] ?? 0),
    })
  }
  return builder.finish()
}
