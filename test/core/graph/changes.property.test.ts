import { describe, expect, it } from 'vitest'
import { applyChanges, type TopologyChange } from '../../../core/graph/changes.ts'
import type { GraphEngine } from '../../../core/graph/engine.ts'
import { GraphView } from '../../../core/graph/graph-view.ts'
import { MemoryEngine } from '../../../core/graph/memory-engine.ts'
import { rebuild, shouldRebuild } from '../../../core/graph/rebuild.ts'
import { openTopology, type Topology } from '../../../core/graph/topology.ts'
import { randomFrom } from '../../harness/random.ts'
import { ENTITY_TYPES, RELATIONSHIP_TYPES } from './graphs.arbitrary.ts'
import { changed, idOf, type PlainGraph, topologyOf } from './plain-graph.ts'

const RUNS = 400
const EMPTY: PlainGraph = { seq: 0, entities: [], relationships: [] }

/** A log of about this many changes, in commits: entities go before their relationships do. */
function randomLog(seed: number, length: number): readonly (readonly TopologyChange[])[] {
  const random = randomFrom(seed)
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)]
  const commits: TopologyChange[][] = []
  let graph = EMPTY
  while (graph.seq < length) {
    const commit = someCommit(graph, pick, random)
    commits.push(commit)
    graph = changed(graph, commit)
  }
  return commits
}

function someCommit(
  graph: PlainGraph,
  pick: <T>(list: readonly T[]) => T | undefined,
  random: () => number,
): TopologyChange[] {
  // Events that change nothing here leave gaps.
  const seq = graph.seq + 1 + (random() < 0.2 ? 1 : 0)
  const entity = pick(graph.entities)
  const other = pick(graph.entities)
  const relationship = pick(graph.relationships)
  const choice = random()
  if (relationship && choice < 0.25) {
    const kind = choice < 0.1 ? 'relationship.weighted' : 'relationship.deleted'
    return [{ ...relationship, kind, seq, weight: Math.floor(random() * 4) }]
  }
  if (entity && choice < 0.35) {
    const gone = graph.relationships.filter(({ from, to }) => [from, to].includes(entity.id))
    return [
      { kind: 'entity.deleted', id: entity.id, seq },
      ...gone.map((edge, place) => {
        return { ...edge, kind: 'relationship.deleted', seq: seq + 1 + place } as const
      }),
    ]
  }
  if (entity && other && choice < 0.75) {
    const type = pick(RELATIONSHIP_TYPES) ?? 'knows'
    const weight = Math.floor(random() * 4)
    return [{ kind: 'relationship.created', seq, type, from: entity.id, to: other.id, weight }]
  }
  // Few ids, so that deleted ones come back, perhaps with another type.
  const id = idOf(Math.floor(random() * 30))
  if (graph.entities.some((known) => known.id === id)) return someCommit(graph, pick, random)
  return [{ kind: 'entity.created', seq, id, type: pick(ENTITY_TYPES) ?? 'thing' }]
}

/** Everything that can be asked of the graph, asked of each entity. */
async function allAnswers(view: GraphView, graph: PlainGraph): Promise<unknown> {
  const engine: GraphEngine = new MemoryEngine(view, () => 0)
  const answers: unknown[] = [view.entities, view.relationships, view.seq]
  for (const { id } of graph.entities) {
    const other = graph.entities[0]?.id ?? id
    answers.push(
      await engine.traverse({ starts: [id], direction: 'both', depth: 3 }),
      await engine.traverse({ starts: [id], types: ['knows'], entityTypes: ['person'], depth: 9 }),
      await engine.subgraph({ starts: [id], direction: 'in', depth: 2 }),
      await engine.paths({ from: id, to: other, k: 2, weighted: true }),
      await engine.paths({ from: other, to: id, direction: 'both' }),
      await engine.degree({ entity: id }),
    )
  }
  return answers
}

/** All columns, types by their names: codes depend on the order in which types were first seen. */
function contentsOf(topology: Topology): unknown {
  const { meta, nodeTypes, outTypes, inTypes, ...columns } = topology
  const named = (codes: Uint16Array, names: readonly string[]) => [...codes].map((at) => names[at])
  return {
    ...{ ids: columns.ids, seq: columns.seq, outOffsets: columns.outOffsets },
    ...{ outTargets: columns.outTargets, outSeqs: columns.outSeqs, inOffsets: columns.inOffsets },
    ...{ inSources: columns.inSources, inEdges: columns.inEdges, weights: columns.weights },
    nodeTypes: named(nodeTypes, meta.entityTypes),
    outTypes: named(outTypes, meta.relationshipTypes),
    inTypes: named(inTypes, meta.relationshipTypes),
  }
}

describe('a topology brought forward by the log', () => {
  it('answers and is rebuilt as one built from the end state, from any base, in any pieces', async () => {
    for (let seed = 1; seed <= RUNS; seed += 1) {
      const random = randomFrom(-seed)
      const log = randomLog(seed, 30 + Math.floor(random() * 90))
      const baseAt = Math.floor(random() * log.length)
      const pieceAt = baseAt + Math.floor(random() * (log.length - baseAt))
      const base = changed(EMPTY, log.slice(0, baseAt).flat())
      const end = changed(EMPTY, log.flat())
      const view = new GraphView(topologyOf(base))
      const piece = log.slice(0, pieceAt).flat()
      applyChanges(view, piece, Math.max(base.seq, piece.at(-1)?.seq ?? 0))
      applyChanges(view, log.flat(), end.seq)
      const built = topologyOf(end)
      const expected = await allAnswers(new GraphView(built), end)
      expect(await allAnswers(view, end), `seed ${seed}`).toEqual(expected)
      expect(contentsOf(openTopology(rebuild(view).buffer)), `seed ${seed}`).toEqual(
        contentsOf(built),
      )
    }
  })
})

const [a, b] = [idOf(1), idOf(2)]
const PAIR: PlainGraph = {
  seq: 4,
  entities: [
    { id: a, type: 'person' },
    { id: b, type: 'person' },
  ],
  relationships: [
    { createdSeq: 3, type: 'knows', from: a, to: b, weight: 1 },
    { createdSeq: 4, type: 'knows', from: a, to: b, weight: 1 },
  ],
}
const gone = { kind: 'relationship.deleted', type: 'knows', from: a, to: b } as const

describe('changes', () => {
  it('take one of two parallel edges by its created_seq', async () => {
    const view = new GraphView(topologyOf(PAIR))
    applyChanges(view, [{ ...gone, seq: 5, createdSeq: 3 }], 5)
    const { edges } = await new MemoryEngine(view, () => 0).subgraph({ starts: [a] })
    expect(edges.map(({ createdSeq }) => createdSeq)).toEqual([4])
  })

  it('name an edge by its ends alone when there is one only', () => {
    const view = new GraphView(topologyOf(PAIR))
    const unnamed = { ...gone, createdSeq: null }
    expect(() => applyChanges(view, [{ ...unnamed, seq: 5 }], 5)).toThrow(
      expect.objectContaining({ fault: 'mismatch' }),
    )
    const again = new GraphView(topologyOf(PAIR))
    applyChanges(
      again,
      [
        { ...gone, seq: 5, createdSeq: 4 },
        { ...unnamed, seq: 6 },
      ],
      6,
    )
    expect(again.relationships).toBe(0)
  })

  const misfits: readonly (readonly [string, TopologyChange, number])[] = [
    ['a relationship that is not there', { ...gone, seq: 5, createdSeq: 9 }, 5],
    ['an entity that is not there', { kind: 'entity.deleted', seq: 5, id: idOf(9) }, 5],
    ['an entity that is there already', { kind: 'entity.created', seq: 5, id: a, type: 'x' }, 5],
    ['an id that is none', { kind: 'entity.created', seq: 5, id: 'a', type: 'x' }, 5],
    ['an entity whose relationships stay', { kind: 'entity.deleted', seq: 5, id: a }, 5],
    ['an end that is not there', { ...gone, kind: 'relationship.created', seq: 5, to: idOf(9) }, 5],
    ['a seq after the last', { kind: 'entity.created', seq: 7, id: idOf(9), type: 'x' }, 6],
    ['a seq beyond 32 bits', { ...gone, kind: 'relationship.created', seq: 2 ** 32 }, 2 ** 33],
  ]
  it.each(misfits)('that do not fit are refused: %s', (_, change, seq) => {
    const view = new GraphView(topologyOf(PAIR))
    expect(() => applyChanges(view, [change], seq)).toThrow(
      expect.objectContaining({ name: 'TopologyError', fault: 'mismatch' }),
    )
  })

  it('of the past are passed over', () => {
    const view = new GraphView(topologyOf(PAIR))
    applyChanges(view, [{ kind: 'entity.created', seq: 1, id: a, type: 'person' }], 4)
    expect([view.entities, view.seq]).toEqual([2, 4])
  })

  it('call for a new base when they outgrow their share of it', () => {
    const view = new GraphView(topologyOf(PAIR))
    const create = (count: number): TopologyChange[] => {
      return Array.from({ length: count }, (_, place) => {
        return { ...gone, kind: 'relationship.created', seq: view.seq + 1 + place }
      })
    }
    applyChanges(view, create(5_000), 5_004)
    expect(shouldRebuild(view)).toBe(false)
    applyChanges(view, create(1), 5_005)
    expect(shouldRebuild(view)).toBe(true)
    expect(shouldRebuild(new GraphView(rebuild(view)))).toBe(false)
  })
})
