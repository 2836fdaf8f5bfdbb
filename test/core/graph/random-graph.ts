import { randomFrom } from '../../harness/random.ts'
import { ENTITY_TYPES, RELATIONSHIP_TYPES } from './graphs.arbitrary.ts'
import { idOf, type PlainGraph } from './plain-graph.ts'

export type RandomShape = 'uniform' | 'power law' | 'layers'

/** A graph that depends on the seed alone; loops and parallel edges come as chance has them. */
export function randomGraph(
  seed: number,
  { nodes, edges, shape }: { nodes: number; edges: number; shape: RandomShape },
): PlainGraph {
  const random = randomFrom(seed)
  const below = (count: number) => Math.floor(random() * count)
  const entities = Array.from({ length: nodes }, (_, number) => {
    return { id: idOf(number), type: ENTITY_TYPES[below(3)] ?? 'thing' }
  })
  const drawn = [0]
  const node = (): number => {
    if (shape === 'uniform' || random() < 0.3) return below(nodes)
    return drawn[below(drawn.length)] ?? 0
  }
  const ends = (): [number, number] => {
    if (shape !== 'layers') return [node(), node()]
    // Three to a layer, each layer to the next: many paths of one length.
    const from = below(nodes)
    const next = (Math.floor(from / 3) + 1) * 3 + below(3)
    return [from, next < nodes ? next : below(nodes)]
  }
  const relationships = Array.from({ length: edges }, (_, place) => {
    const [from, to] = ends()
    drawn.push(from, to)
    const type = RELATIONSHIP_TYPES[below(3)] ?? 'knows'
    const weight = random() < 0.05 ? null : below(4)
    return { createdSeq: nodes + 1 + place, type, from: idOf(from), to: idOf(to), weight }
  })
  return { seq: nodes + edges, entities, relationships }
}
