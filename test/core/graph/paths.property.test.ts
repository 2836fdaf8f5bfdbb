import { describe, expect, it } from 'vitest'
import { randomFrom } from '../../harness/random.ts'
import { engineOf, idOf, referenceOf } from './plain-graph.ts'
import { randomGraph } from './random-graph.ts'

const RUNS = 1_500

/** Small and dense graphs, where many paths are equally good. */
function* pathCases(firstSeed: number) {
  for (let run = 0; run < RUNS; run += 1) {
    const seed = firstSeed * 1_000_000 + run
    const random = randomFrom(seed)
    const shape = (['uniform', 'power law', 'layers'] as const)[run % 3] ?? 'uniform'
    const nodes = 2 + Math.floor(random() * 9)
    const edges = nodes + Math.floor(random() * 14)
    const graph = randomGraph(seed, { nodes, edges, shape })
    const request = {
      from: idOf(0),
      to: idOf(nodes - 1),
      direction: (['out', 'in', 'both'] as const)[Math.floor(random() * 3)] ?? 'out',
      k: [1, 3, 20][Math.floor(random() * 3)] ?? 1,
      weighted: random() < 0.6,
      ...(random() < 0.3 ? { types: ['knows', 'likes'] } : {}),
      ...(random() < 0.2 ? { entityTypes: ['person', 'place'] } : {}),
    }
    yield { seed, graph, request }
  }
}

/** Of weighted and of several paths, cost and partial answers are the engine's own. */
describe('several paths and weighted paths', () => {
  it('are the first of all paths, in their order', async () => {
    let several = 0
    for (const { seed, graph, request } of pathCases(1)) {
      const answer = await engineOf(graph).paths(request)
      const expected = await referenceOf(graph).paths(request)
      if (answer.paths.length > 1) several += 1
      expect(answer.paths, `seed ${seed}`).toEqual(expected.paths)
      expect(answer.equallyShort, `seed ${seed}`).toBe(expected.equallyShort)
    }
    expect(several).toBeGreaterThan(RUNS / 10)
  })

  it('are a beginning of them when the search was stopped', async () => {
    let stopped = 0
    for (const { seed, graph, request } of pathCases(2)) {
      const maxEdges = seed % 90
      const answer = await engineOf(graph).paths({ ...request, maxEdges })
      const whole = await referenceOf(graph).paths(request)
      expect(answer.cost.edges, `seed ${seed}`).toBeLessThanOrEqual(maxEdges)
      if (answer.stopped !== null) stopped += 1
      const paths = answer.stopped ? whole.paths.slice(0, answer.paths.length) : whole.paths
      expect(answer.paths, `seed ${seed}`).toEqual(paths)
    }
    expect(stopped).toBeGreaterThan(RUNS / 10)
  })
})
