import { describe, expect, it } from 'vitest'
import { applyChanges } from '../../../core/graph/changes.ts'
import { Components } from '../../../core/graph/components.ts'
import type { Filters } from '../../../core/graph/engine.ts'
import { GraphView } from '../../../core/graph/graph-view.ts'
import { PageRank } from '../../../core/graph/rank.ts'
import { idOf, type PlainGraph, topologyOf } from './plain-graph.ts'
import { randomGraph } from './random-graph.ts'

const SHAPES = ['uniform', 'power law', 'layers'] as const
const FILTERS: readonly Filters[] = [
  {},
  { types: ['knows'] },
  { entityTypes: ['person', 'thing'] },
  { types: ['knows', 'near'], candidates: [0, 1, 2, 3, 5, 8, 13].map(idOf) },
]

/** Graphs with some of their relationships applied as changes, so that both ways of reading take part. */
function* views() {
  for (let seed = 1; seed <= 60; seed += 1) {
    const nodes = 1 + (seed % 20)
    const shape = SHAPES[seed % 3] ?? 'uniform'
    const graph = randomGraph(seed, { nodes, edges: (seed * 7) % 50, shape })
    const half = Math.floor(graph.relationships.length / 2)
    const base = { ...graph, seq: nodes + half, relationships: graph.relationships.slice(0, half) }
    const view = new GraphView(topologyOf(base))
    const added = graph.relationships.slice(half).map((relationship) => {
      return {
        ...relationship,
        kind: 'relationship.created',
        seq: relationship.createdSeq,
      } as const
    })
    applyChanges(view, added, graph.seq)
    for (const filters of FILTERS) yield { seed, graph: kept(graph, filters), view, filters }
  }
}

/** What the filters leave of a graph. */
function kept(graph: PlainGraph, { types, entityTypes, candidates }: Filters): PlainGraph {
  const entities = graph.entities.filter(({ id, type }) => {
    return (entityTypes?.includes(type) ?? true) && (candidates?.includes(id) ?? true)
  })
  const ids = new Set(entities.map(({ id }) => id))
  const relationships = graph.relationships.filter(({ type, from, to }) => {
    return (types?.includes(type) ?? true) && ids.has(from) && ids.has(to)
  })
  return { ...graph, entities, relationships }
}

/** Two hundred rounds of the formula. */
function naiveRanks({ entities, relationships }: PlainGraph): Map<string, number> {
  const count = entities.length
  let scores = new Map(entities.map(({ id }) => [id, 1 / count]))
  const degree = (id: string) => relationships.filter(({ from }) => from === id).length
  const degrees = new Map(entities.map(({ id }) => [id, degree(id)]))
  for (let round = 0; round < 200; round += 1) {
    let stuck = 0
    for (const [id, score] of scores) if (degrees.get(id) === 0) stuck += score
    const next = new Map(entities.map(({ id }) => [id, (0.15 + 0.85 * stuck) / count]))
    for (const { from, to } of relationships) {
      const share = (0.85 * (scores.get(from) ?? 0)) / (degrees.get(from) ?? 1)
      next.set(to, (next.get(to) ?? 0) + share)
    }
    scores = next
  }
  return scores
}

function naiveComponents({ entities, relationships }: PlainGraph) {
  const names = new Map(entities.map(({ id }) => [id, id]))
  for (let isChanged = true; isChanged; ) {
    isChanged = false
    for (const { from, to } of relationships) {
      const [a, b] = [names.get(from) ?? '', names.get(to) ?? '']
      if (a === b) continue
      isChanged = true
      const [smaller = a] = [a, b].sort()
      names.set(from, smaller)
      names.set(to, smaller)
    }
  }
  const sizes = new Map<string, number>()
  for (const name of names.values()) sizes.set(name, (sizes.get(name) ?? 0) + 1)
  const components = [...sizes].map(([id, size]) => ({ id, size }))
  return components.sort((a, b) => b.size - a.size || (a.id < b.id ? -1 : 1))
}

describe('PageRank', () => {
  it('is what the formula comes to, in steps of any size', () => {
    let mostSteps = 0
    for (const { seed, graph, view, filters } of views()) {
      const rank = new PageRank(view, { ...filters, tolerance: 1e-13, maxRounds: 200 })
      let steps = 0
      while (!rank.step(1 + (seed % 9) * 5).isDone) steps += 1
      expect(rank.progress.hasConverged, `seed ${seed}`).toBe(true)
      mostSteps = Math.max(mostSteps, steps)
      const expected = naiveRanks(graph)
      const top = rank.top(100)
      expect(top.length, `seed ${seed}`).toBe(expected.size)
      for (const { id, score } of top) {
        expect(Math.abs(score - (expected.get(id) ?? -1)), `seed ${seed}`).toBeLessThan(1e-9)
      }
      const sorted = top.toSorted((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
      expect(top, `seed ${seed}`).toEqual(sorted)
      expect(rank.top(3), `seed ${seed}`).toEqual(top.slice(0, 3))
    }
    expect(mostSteps).toBeGreaterThan(100)
  })

  it('ends after the rounds asked for, and says whether it converged', () => {
    const graph = randomGraph(1, { nodes: 20, edges: 60, shape: 'uniform' })
    const rank = new PageRank(new GraphView(topologyOf(graph)), { maxRounds: 2 })
    expect(rank.step(1_000_000)).toMatchObject({ isDone: true, hasConverged: false, rounds: 2 })
  })

  it.each([
    [{ damping: 1 }, 'damping'],
    [{ tolerance: 0 }, 'tolerance'],
    [{ maxRounds: 201 }, 'maxRounds'],
  ])('refuses %j', (request, field) => {
    const view = new GraphView(topologyOf({ seq: 0, entities: [], relationships: [] }))
    expect(() => new PageRank(view, request)).toThrow(
      expect.objectContaining({ code: 'invalid', message: expect.stringContaining(field) }),
    )
  })
})

describe('components', () => {
  it('are those that spreading the smallest id finds, in steps of any size', () => {
    for (const { seed, graph, view, filters } of views()) {
      const components = new Components(view, filters)
      while (!components.step(1 + (seed % 9)).isDone);
      const expected = naiveComponents(graph)
      expect(components.largest(100), `seed ${seed}`).toEqual({
        count: expected.length,
        components: expected,
      })
      expect(components.largest(2).components, `seed ${seed}`).toEqual(expected.slice(0, 2))
    }
  })
})

describe('work on the whole graph', () => {
  it('stops when the graph moves on between two steps', () => {
    const graph = randomGraph(1, { nodes: 20, edges: 60, shape: 'uniform' })
    const view = new GraphView(topologyOf(graph))
    const work = [new PageRank(view), new Components(view)]
    for (const part of work) part.step(10)
    applyChanges(view, [], graph.seq + 1)
    for (const part of work) {
      expect(() => part.step(10)).toThrow(expect.objectContaining({ code: 'conflict' }))
    }
  })

  it('is done at once when there is nothing', () => {
    const view = new GraphView(topologyOf({ seq: 0, entities: [], relationships: [] }))
    expect(new PageRank(view).step(1)).toMatchObject({ isDone: true, hasConverged: true })
    expect(new Components(view).step(1)).toMatchObject({ isDone: true, total: 0 })
    expect(new Components(view).largest(5)).toEqual({ count: 0, components: [] })
    expect(new PageRank(view).top(5)).toEqual([])
  })
})
