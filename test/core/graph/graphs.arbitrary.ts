import fc from 'fast-check'
import { idOf, type PlainGraph, type PlainRelationship } from './plain-graph.ts'

/** Ends of relationships by the numbers of their entities. */
export type Shape = {
  readonly nodes: number
  readonly ends: readonly (readonly [number, number])[]
}

export const ENTITY_TYPES = ['person', 'place', 'thing'] as const
export const RELATIONSHIP_TYPES = ['knows', 'likes', 'near'] as const

const range = (count: number) => Array.from({ length: count }, (_, number) => number)

const chain = fc.integer({ min: 1, max: 12 }).map((nodes): Shape => {
  return { nodes, ends: range(nodes - 1).map((node) => [node, node + 1]) }
})

const star = fc.integer({ min: 1, max: 10 }).chain((nodes) =>
  fc.array(fc.boolean(), { minLength: nodes - 1, maxLength: nodes - 1 }).map((outward): Shape => {
    return { nodes, ends: outward.map((isOut, leaf) => (isOut ? [0, leaf + 1] : [leaf + 1, 0])) }
  }),
)

const clique = fc.integer({ min: 1, max: 5 }).map((nodes): Shape => {
  const pairs = range(nodes).flatMap((from) => range(nodes).map((to) => [from, to] as const))
  return { nodes, ends: pairs.filter(([from, to]) => from < to) }
})

const grid = fc.integer({ min: 2, max: 3 }).map((width): Shape => {
  const at = (row: number, column: number) => row * width + column
  const ends = range(width).flatMap((row) =>
    range(width).flatMap((column): [number, number][] => [
      ...(column + 1 < width ? [[at(row, column), at(row, column + 1)] as [number, number]] : []),
      ...(row + 1 < width ? [[at(row, column), at(row + 1, column)] as [number, number]] : []),
    ]),
  )
  return { nodes: width * width, ends }
})

/** Each node is joined to an earlier one, the likelier the more edges that has (Barabási and Albert 1999). */
const powerLaw = fc.array(fc.nat(), { minLength: 1, maxLength: 12 }).map((choices): Shape => {
  const drawn = [0]
  const ends = choices.map((choice, node): [number, number] => {
    const target = drawn[choice % drawn.length] ?? 0
    drawn.push(target, node + 1)
    return choice % 2 === 0 ? [node + 1, target] : [target, node + 1]
  })
  return { nodes: choices.length + 1, ends }
})

/** Anything: self-loops, parallel edges, isolated nodes, nothing at all. */
const multigraph = fc.integer({ min: 0, max: 7 }).chain((nodes) => {
  const node = fc.integer({ min: 0, max: Math.max(0, nodes - 1) })
  const ends = fc.array(fc.tuple(node, node), { maxLength: nodes === 0 ? 0 : 14 })
  return ends.map((pairs): Shape => ({ nodes, ends: pairs }))
})

export const someShape = fc.oneof(chain, star, clique, grid, powerLaw, multigraph, multigraph)

/** Small whole numbers, so that sums are exact and often equal; now and then nothing to pass by. */
export const someWeight = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 0, max: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom(null, undefined, -1, 'heavy') },
)

export const someGraph: fc.Arbitrary<PlainGraph> = someShape.chain(({ nodes, ends }) =>
  fc
    .record({
      types: fc.array(fc.constantFrom(...ENTITY_TYPES), { minLength: nodes, maxLength: nodes }),
      edges: fc.array(fc.tuple(fc.constantFrom(...RELATIONSHIP_TYPES), someWeight), {
        minLength: ends.length,
        maxLength: ends.length,
      }),
      // A graph's relationships are created in any order.
      order: fc.shuffledSubarray([...ends], { minLength: ends.length, maxLength: ends.length }),
    })
    .map(({ types, edges, order }): PlainGraph => {
      const entities = types.map((type, number) => ({ id: idOf(number), type }))
      const relationships = order.map(([from, to], place): PlainRelationship => {
        const [type, weight] = edges[place] ?? ['knows', 1]
        const createdSeq = nodes + place * 2 + 1
        return { createdSeq, type, from: idOf(from), to: idOf(to), weight }
      })
      return { seq: nodes + ends.length * 2 + 1, entities, relationships }
    }),
)
