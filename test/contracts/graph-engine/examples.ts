import { describe, expect, it } from 'vitest'
import { isAppError } from '../../../core/errors.ts'
import type { NewEngine } from '../graph-engine.contract.ts'
import { contentsOf, hop, idOf } from './contents.ts'
import { pathExamples } from './path-examples.ts'

async function refusalOf(run: () => Promise<unknown>) {
  try {
    await run()
  } catch (error) {
    if (isAppError(error)) return error
    throw error
  }
  throw new Error('was not refused')
}

/** Rules that an engine could miss although it mostly agrees with the reference. */
export function examplesContract(newEngine: NewEngine): void {
  describe('a traversal', () => {
    it('names the first edge to each entity, those that leave before those that arrive', async () => {
      const engine = await newEngine(
        contentsOf(4, [
          [1, 0],
          [0, 2],
          [0, 1],
          [0, 1],
          [2, 3],
          [1, 3],
        ]),
      )
      const { entities } = await engine.traverse({
        ...{ starts: [idOf(0)], direction: 'both', depth: 2 },
      })
      expect(entities.map(({ id, depth, via }) => [id, depth, via])).toEqual([
        [idOf(0), 0, null],
        [idOf(2), 1, hop(6, 'out', 0)],
        [idOf(1), 1, hop(7, 'out', 0)],
        [idOf(3), 2, hop(9, 'out', 2)],
      ])
    })

    it('counts a self-loop twice when it goes both ways', async () => {
      const engine = await newEngine(contentsOf(1, [[0, 0]]))
      const once = await engine.traverse({ starts: [idOf(0)] })
      expect([once.cost.edges, once.byDepth]).toEqual([1, [1]])
      const twice = await engine.traverse({ starts: [idOf(0)], direction: 'both' })
      expect([twice.cost.edges, twice.byDepth]).toEqual([2, [1]])
    })

    it('looks at the edge to one entity more than the limit, and ends', async () => {
      const engine = await newEngine(
        contentsOf(4, [
          [0, 1],
          [0, 1],
          [0, 2],
          [0, 3],
        ]),
      )
      const request = { starts: [idOf(0)], limit: 1, output: 'ids' } as const
      const answer = await engine.traverse(request)
      expect(answer).toMatchObject({ stopped: 'limit', byDepth: [1, 1], ids: [idOf(0), idOf(1)] })
      expect(answer.cost).toMatchObject({ nodes: 2, edges: 3 })
      const both = await engine.traverse({ ...request, maxEdges: 3 })
      expect([both.stopped, both.cost.edges]).toEqual(['limit', 3])
    })

    it('may spend its whole budget, and stops before the edge that is beyond it', async () => {
      const engine = await newEngine(
        contentsOf(4, [
          [0, 1],
          [0, 2],
          [1, 3],
        ]),
      )
      const request = { starts: [idOf(0)], depth: 9, output: 'count' } as const
      expect((await engine.traverse({ ...request, maxEdges: 3 })).stopped).toBeNull()
      const cut = await engine.traverse({ ...request, maxEdges: 2 })
      expect(cut).toMatchObject({ stopped: 'cost', byDepth: [1, 2], cost: { edges: 2, nodes: 3 } })
      const nothing = await engine.traverse({ ...request, maxEdges: 0 })
      expect(nothing).toMatchObject({ stopped: 'cost', byDepth: [1], cost: { edges: 0, nodes: 1 } })
    })

    it('does not pass what a filter turns away, unless the request names it', async () => {
      // Of the types a, b, c, a in turn.
      const engine = await newEngine(
        contentsOf(4, [
          [0, 1],
          [1, 2],
          [2, 3],
        ]),
      )
      const request = { starts: [idOf(0)], depth: 9, output: 'ids' } as const
      const stopped = await engine.traverse({ ...request, entityTypes: ['a', 'b'] })
      expect(stopped.ids).toEqual([idOf(0), idOf(1)])
      expect(stopped.cost.edges).toBe(2)
      const named = await engine.traverse({
        ...{ ...request, starts: [idOf(2)], entityTypes: ['a'], candidates: [idOf(3), idOf(1)] },
      })
      expect(named.ids).toEqual([idOf(2), idOf(3)])
    })
  })

  describe('a subgraph', () => {
    it('shows all edges between the entities, in the order of their creation', async () => {
      const engine = await newEngine(
        contentsOf(3, [
          [2, 1],
          [0, 1],
          [0, 1],
          [1, 1],
          [1, 2],
          [0, 2],
        ]),
      )
      const answer = await engine.subgraph({ starts: [idOf(0)], limit: 1 })
      expect(answer.entities.map(({ id }) => id)).toEqual([idOf(0), idOf(1)])
      expect(answer.edges.map(({ createdSeq }) => createdSeq)).toEqual([5, 6, 7])
      // 3 until the second entity too many, then 3 that leave the first and 2 that leave the second.
      expect([answer.stopped, answer.cost.edges]).toEqual(['limit', 8])
    })
  })

  describe('paths', () => pathExamples(newEngine))

  describe('a request', () => {
    it('that is out of bounds is invalid, with each of its fields', async () => {
      const engine = await newEngine(contentsOf(1, []))
      const error = await refusalOf(() =>
        engine.traverse({ starts: [], depth: 11, limit: 1.5, maxEdges: -1 }),
      )
      expect(error.code).toBe('invalid')
      const pointers = error.detail.errors?.map(({ pointer }) => pointer)
      expect(pointers?.sort()).toEqual(['/depth', '/limit', '/maxEdges', '/starts'])
    })

    it('about an entity that does not exist is not found', async () => {
      const engine = await newEngine(contentsOf(1, []))
      const [there, gone] = [idOf(0), idOf(1)]
      const asked = [
        () => engine.traverse({ starts: [there, gone] }),
        () => engine.subgraph({ starts: [gone] }),
        () => engine.paths({ from: there, to: gone }),
        () => engine.paths({ from: gone, to: there, weighted: true }),
        () => engine.component({ entity: gone }),
        () => engine.degree({ entity: gone }),
        () => engine.common({ entities: [there, gone] }),
      ]
      for (const ask of asked) {
        const error = await refusalOf(ask)
        expect([error.code, error.message]).toEqual(['not_found', expect.stringContaining(gone)])
      }
    })

    it('that costs too much is refused if it wants to be, with an estimate', async () => {
      const engine = await newEngine(
        contentsOf(3, [
          [0, 1],
          [0, 2],
        ]),
      )
      const error = await refusalOf(() =>
        engine.traverse({ starts: [idOf(0)], maxEdges: 1, onCap: 'error' }),
      )
      expect(error.code).toBe('cost_exceeded')
      expect(error.detail.estimatedEdges).toBeGreaterThan(1)
      const limited = { starts: [idOf(0)], limit: 0, onCap: 'error' } as const
      expect((await engine.traverse(limited)).stopped).toBe('limit')
    })
  })
}
