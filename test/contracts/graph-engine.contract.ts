import { describe, expect, it } from 'vitest'
import type { GraphEngine } from '../../core/graph/engine.ts'
import { randomFrom } from '../harness/random.ts'
import { expectSame } from './graph-engine/comparison.ts'
import type { GraphContents } from './graph-engine/contents.ts'
import { examplesContract } from './graph-engine/examples.ts'
import { randomRequest } from './graph-engine/random-request.ts'
import { referenceEngine } from './graph-engine/reference.ts'
import { SHAPES, shapedGraph } from './graph-engine/shapes.ts'

/** Makes the engine under test for a graph; weights are the property `cost`. */
export type NewEngine = (contents: GraphContents) => Promise<GraphEngine>

const GRAPHS_PER_SHAPE = 6
/** The reference lists every path there is. */
const MOST_ENTITIES = 9

const seed = Number(process.env.TENDRIL_SEED ?? Date.now() % 1_000_000)

/** What every `GraphEngine` keeps to, by examples and in comparison with the reference. */
export function graphEngineContract(newEngine: NewEngine, requestsPerGraph: number): void {
  examplesContract(newEngine)

  describe('answers what the reference answers', () => {
    for (const [i, shape] of Object.keys(SHAPES).entries()) {
      it(`on graphs of the shape: ${shape} (TENDRIL_SEED=${seed})`, async () => {
        const random = randomFrom(seed + i)
        const outcomes = new Set<string>()
        for (let round = 0; round < GRAPHS_PER_SHAPE; round += 1) {
          const size = 1 + Math.floor(random() * MOST_ENTITIES)
          const contents = shapedGraph(shape, size, random)
          const engine = await newEngine(contents)
          const reference = referenceEngine(contents)
          for (let n = 0; n < requestsPerGraph; n += 1) {
            const asked = randomRequest(contents, random)
            try {
              const said = await expectSame(engine, reference, asked)
              const how = 'answer' in said ? said.answer.stopped : said.refused
              outcomes.add(`${asked[0]} ${how}`)
            } catch (error) {
              throw new Error(JSON.stringify({ seed, shape, asked, contents }), { cause: error })
            }
          }
        }
        const operations = ['traverse', 'subgraph', 'paths', 'component', 'degree', 'common']
        for (const operation of operations) expect([...outcomes]).toContain(`${operation} null`)
      })
    }
  })
}
