import { airports, routes } from '../../scripts/sample.ts'
import { type NumberedGraph, nodeId, powerLawGraph } from './power-law.ts'

/** What says which graph searches are measured on, beside `parseArgs`. */
export const GRAPH_OPTIONS = {
  /** `generated` by a power law, or the `sample` graph of `npm start`. */
  graph: { type: 'string', default: 'generated' },
  nodes: { type: 'string', default: '100000' },
  edges: { type: 'string', default: '1000000' },
  seed: { type: 'string', default: '7' },
} as const

type Options = Readonly<Record<keyof typeof GRAPH_OPTIONS, string>>

export type ChosenGraph = NumberedGraph & {
  /** Some node to ask about, by chance. */
  readonly someNode: (random: () => number) => string
}

export async function chosenGraph({ graph, nodes, edges, seed }: Options): Promise<ChosenGraph> {
  switch (graph) {
    case 'generated':
      return {
        ...powerLawGraph(Number(nodes), Number(edges), Number(seed)),
        someNode: (random) => nodeId(Math.floor(Number(nodes) * random())),
      }
    case 'sample':
      return sampleGraph()
    default:
      throw new Error(`--graph: generated or sample, got ${JSON.stringify(graph)}`)
  }
}

/**
 * Airports of the United States and the routes flown between them, in the order in which they are loaded. Asked
 * about are those that a route leaves, which most do not have.
 */
async function sampleGraph(): Promise<ChosenGraph> {
  const entities = await airports()
  const relationships = await routes()
  const numbers = new Map(entities.map(({ external_id }, number) => [external_id, number]))
  const numbersOf = (names: readonly (string | undefined)[]) =>
    Uint32Array.from(names, (name) => {
      const number = numbers.get(name)
      if (number === undefined) throw new Error(`the sample graph has no airport ${name}`)
      return number
    })
  const from = numbersOf(relationships.map(({ from_external_id }) => from_external_id))
  const sources = [...new Set(from)]
  return {
    ...{ nodes: entities.length, from },
    someNode: (random) => nodeId(sources[Math.floor(sources.length * random())] ?? 0),
    to: numbersOf(relationships.map(({ to_external_id }) => to_external_id)),
  }
}
