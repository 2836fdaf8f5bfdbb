import { describe, expect, it } from 'vitest'
import type { GraphEngine } from '../../core/graph/engine.ts'
import { randomFrom } from '../harness/random.ts'
import { expectSame } from './graph-engine/comparison.ts'
import type { GraphContents } from './graph-engine/contents.ts'
import { examplesContract } from './graph-engine/examples.ts'
import { type Asked, randomRequest } from './graph-engine/random-request.ts'
import { referenceEngine } from './graph-engine/reference.ts'
import { SHAPES, shapedGraph } from './graph-engine/shapes.ts'
import { wideGraph, wideRequest } from './graph-engine/wide-graph.ts'

/** Makes the engine under test for a graph; weights are the property `cost`. */
export type NewEngine = (contents: GraphContents) => Promise<GraphEngine>

const GRAPHS_PER_SHAPE = 6
/** The reference lists every path there is. */
const MOST_ENTITIES = 9

const OPERATIONS = ['traverse', 'subgraph', 'paths', 'component', 'degree', 'common']

const seed = Number(process.env.TENDRIL_SEED ?? Date.now() % 1_000_000)

/** What every `GraphEngine` keeps to, by examples and in comparison with the reference. */
export function graphEngineContract(newEngine: NewEngine, requestsPerGraph: number): void {
  /** Asks for the same of both; adds which operations answered in which way to `outcomes`. */
  async function compare(
    contents: GraphContents,
    ask: () => Asked,
    outcomes: Set<string>,
  ): Promise<void> {
    const engine = await newEngine(contents)
    const reference = referenceEngine(contents)
    for (let n = 0; n < requestsPerGraph; n += 1) {
      const asked = ask()
      try {
        const said = await expectSame(engine, reference, asked)
        outcomes.add(`${asked[0]} ${'answer' in said ? said.answer.stopped : said.refused}`)
      } catch (error) {
        throw new Error(`TENDRIL_SEED=${seed} ${JSON.stringify(asked)}`, { cause: error })
      }
    }
  }

  examplesContract(newEngine)

  describe('answers what the reference answers', () => {
    for (const [i, shape] of Object.keys(SHAPES).entries()) {
      it(`on graphs of the shape: ${shape} (TENDRIL_SEED=${seed})`, async () => {
        const random = randomFrom(seed + i)
        const outcomes = new Set<string>()
        for (let round = 0; round < GRAPHS_PER_SHAPE; round += 1) {
          const size = 1 + Math.floor(random() * MOST_ENTITIES)
          const contents = shapedGraph(shape, size, random)
          await compare(contents, () => randomRequest(contents, random), outcomes)
        }
        for (const each of OPERATIONS) expect([...outcomes]).toContain(`${each} null`)
      })
    }

    it(`on graphs with hundreds of entities side by side (TENDRIL_SEED=${seed})`, async () => {
      const random = randomFrom(seed)
      const outcomes = new Set<string>()
      for (const heaviest of [10, 0]) {
        const contents = wideGraph(heaviest, random)
        await compare(contents, () => wideRequest(contents, random), outcomes)
      }
      for (const how of ['null', 'cost', 'limit']) {
        expect([...outcomes].some((outcome) => outcome.endsWith(` ${how}`))).toBe(true)
      }
    })
  })
}
