import { describe, expect, it } from 'vitest'
import type { GraphEngine } from '../../../core/graph/engine.ts'
import { GraphView } from '../../../core/graph/graph-view.ts'
import { MemoryEngine } from '../../../core/graph/memory-engine.ts'
import { engineOf, idOf, type PlainGraph, topologyOf } from './plain-graph.ts'

/** 0 → 1 → 2 → … → 9, and back again to 0. */
const RING: PlainGraph = {
  seq: 20,
  entities: Array.from({ length: 10 }, (_, number) => ({ id: idOf(number), type: 'stop' })),
  relationships: Array.from({ length: 10 }, (_, number) => {
    const ends = { from: idOf(number), to: idOf((number + 1) % 10) }
    return { createdSeq: 11 + number, type: 'next', weight: 1, ...ends }
  }),
}

type Ask = (engine: GraphEngine) => Promise<unknown>

describe('a request', () => {
  const unknown = idOf(99)
  const known = idOf(0)
  it.each<[string, Ask]>([
    ['traverse', (engine) => engine.traverse({ starts: [known, unknown] })],
    ['subgraph', (engine) => engine.subgraph({ starts: [unknown] })],
    ['paths from', (engine) => engine.paths({ from: unknown, to: known })],
    ['paths to', (engine) => engine.paths({ from: known, to: unknown })],
    ['component', (engine) => engine.component({ entity: unknown })],
    ['degree', (engine) => engine.degree({ entity: unknown })],
    ['common', (engine) => engine.common({ entities: [known, unknown] })],
  ])('that names an entity which is not there is refused by name: %s', async (_, ask) => {
    await expect(ask(engineOf(RING))).rejects.toMatchObject({
      code: 'not_found',
      message: `entity ${unknown} does not exist`,
    })
  })

  it.each<[string, Ask]>([
    ['depth', (engine) => engine.traverse({ starts: [known], depth: 11 })],
    ['limit', (engine) => engine.traverse({ starts: [known], limit: 10_001 })],
    ['maxEdges', (engine) => engine.degree({ entity: known, maxEdges: -1 })],
    ['starts', (engine) => engine.subgraph({ starts: [] })],
    ['edgeLimit', (engine) => engine.subgraph({ starts: [known], edgeLimit: 0.5 })],
    ['k', (engine) => engine.paths({ from: known, to: known, k: 0 })],
    ['maxLength', (engine) => engine.paths({ from: known, to: known, maxLength: 101 })],
    [
      'maxLength',
      (engine) => engine.paths({ from: known, to: known, maxLength: 3, weighted: true }),
    ],
    ['types', (engine) => engine.degree({ entity: known, types: new Array(101).fill('x') })],
  ])('out of bounds is refused, naming the field: %s', async (field, ask) => {
    await expect(ask(engineOf(RING))).rejects.toMatchObject({
      code: 'invalid',
      detail: { errors: [{ pointer: `/${field}` }] },
    })
  })
})

describe('an engine', () => {
  it('answers alike however many searches went before', async () => {
    const engine = engineOf(RING)
    const request = { starts: [idOf(0)], depth: 3 }
    const { entities } = await engine.traverse(request)
    for (let round = 0; round < 600; round += 1) {
      // Whatever a search leaves behind in the tables that all of them share.
      await engine.component({ entity: idOf(round % 10), maxEdges: round % 20 })
      await engine.paths({ from: idOf(round % 10), to: idOf(3), k: 2, maxEdges: round % 30 })
      expect((await engine.traverse(request)).entities, `round ${round}`).toEqual(entities)
    }
  })
})

describe('a path', () => {
  it('may weigh more than a number holds, and is a path all the same', async () => {
    const relationships = RING.relationships.map((edge) => ({ ...edge, weight: 1e308 }))
    const request = { from: idOf(0), to: idOf(5), weighted: true, k: 2 }
    const { paths } = await engineOf({ ...RING, relationships }).paths(request)
    expect(paths.map(({ weight, hops }) => [weight, hops.length])).toEqual([[Infinity, 5]])
  })
})

describe('a search that would cost too much', () => {
  const bounds = { maxEdges: 3, onCap: 'error' } as const
  it.each<[string, Ask]>([
    ['traverse', (engine) => engine.traverse({ starts: [idOf(0)], depth: 9, ...bounds })],
    ['subgraph', (engine) => engine.subgraph({ starts: [idOf(0)], depth: 3, ...bounds })],
    ['paths', (engine) => engine.paths({ from: idOf(0), to: idOf(5), ...bounds })],
    [
      'weighted',
      (engine) => engine.paths({ from: idOf(0), to: idOf(5), weighted: true, ...bounds }),
    ],
    ['component', (engine) => engine.component({ entity: idOf(0), ...bounds })],
  ])('says so with an estimate above the bound: %s', async (_, ask) => {
    const error = await ask(engineOf(RING)).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'cost_exceeded' })
    const { estimatedEdges } = (error as { detail: { estimatedEdges: number } }).detail
    expect(estimatedEdges).toBeGreaterThan(3)
  })

  it('estimates what it knows to lie ahead', async () => {
    const leaves = Array.from({ length: 50 }, (_, number) => number + 1)
    const star = {
      seq: 200,
      entities: [0, ...leaves].map((number) => ({ id: idOf(number), type: 'stop' })),
      relationships: leaves.map((leaf) => {
        return { createdSeq: 100 + leaf, type: 'next', from: idOf(0), to: idOf(leaf), weight: 1 }
      }),
    }
    const search = engineOf(star).traverse({ starts: [idOf(0)], ...bounds })
    await expect(search).rejects.toMatchObject({
      message: 'the query would look at more than 3 edges, at least 50',
      detail: { estimatedEdges: 50 },
    })
  })
})

describe('a deadline', () => {
  // Large enough for the clock to be looked at more than once.
  const nodes = 200_000
  const line: PlainGraph = {
    seq: nodes * 2,
    entities: Array.from({ length: nodes }, (_, number) => ({ id: idOf(number), type: 'stop' })),
    relationships: Array.from({ length: nodes - 1 }, (_, number) => {
      const ends = { from: idOf(number), to: idOf(number + 1) }
      return { createdSeq: number + 1, type: 'next', weight: 1, ...ends }
    }),
  }
  const view = new GraphView(topologyOf(line))

  /** A clock that moves on by a millisecond each time it is looked at. */
  function ticking(): () => number {
    let ms = 0
    return () => {
      ms += 1
      return ms
    }
  }

  it('ends a search with what it has, or with an error, as asked', async () => {
    const engine = new MemoryEngine(view, ticking())
    const whole = await engine.component({ entity: idOf(0) })
    expect([whole.stopped, whole.size]).toEqual(['limit', nodes])
    expect(whole.cost.ms).toBeGreaterThan(0)
    const late = new MemoryEngine(view, ticking())
    const part = await late.component({ entity: idOf(0), deadlineAtMs: 3 })
    expect(part.stopped).toBe('deadline')
    expect(part.size).toBeGreaterThan(1_000)
    expect(part.size).toBeLessThan(nodes)
    const refused = new MemoryEngine(view, ticking()).component({
      ...{ entity: idOf(0), deadlineAtMs: 3, onCap: 'error' },
    })
    await expect(refused).rejects.toMatchObject({
      code: 'cost_exceeded',
      message: expect.stringContaining('ran out of time'),
    })
  })
})
