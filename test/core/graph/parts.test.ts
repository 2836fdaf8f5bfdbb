import { describe, expect, it } from 'vitest'
import { TopologyAssembly } from '../../../core/graph/assembly.ts'
import { TopologyBuilder } from '../../../core/graph/builder.ts'
import { Codes } from '../../../core/graph/codes.ts'
import {
  entityPart,
  NodeNumbers,
  readEntityPart,
  readRelationshipPart,
  relationshipPart,
} from '../../../core/graph/parts.ts'
import type { Topology } from '../../../core/graph/topology.ts'
import { HISTORY, type PlainGraph } from './plain-graph.ts'
import { randomGraph } from './random-graph.ts'

function builtAtOnce({ seq, entities, relationships }: PlainGraph, isWeighted: boolean): Topology {
  const weight = isWeighted ? { weight: { property: 'weight', bits: 64 as const } } : {}
  const builder = new TopologyBuilder({ history: HISTORY, seq, ...weight })
  for (const { id, type } of entities) builder.addEntity(id, type)
  for (const relationship of relationships) builder.addRelationship(relationship)
  return builder.finish()
}

/** By id, as the pages of a table come. */
function sorted(graph: PlainGraph): PlainGraph {
  return { ...graph, entities: graph.entities.toSorted((a, b) => (a.id < b.id ? -1 : 1)) }
}

function pagesOf<T>(rows: readonly T[], pageRows: number): T[][] {
  const pages: T[][] = []
  for (let at = 0; at < rows.length; at += pageRows) pages.push(rows.slice(at, at + pageRows))
  return pages
}

function assembly(
  { seq, entities, relationships }: PlainGraph,
  pageRows: number,
  isWeighted: boolean,
) {
  const types = new Codes()
  const edgeTypes = new Codes()
  const nodes = pagesOf(entities, pageRows)
    .map((page) =>
      entityPart(
        page.map(({ id, type }) => [id, type] as const),
        types,
      ),
    )
    .map(readEntityPart)
  const numbers = new NodeNumbers(Uint32Array.from(nodes.flatMap(({ words }) => [...words])))
  const edges = pagesOf(relationships, pageRows)
    .map((page) =>
      relationshipPart(
        page.map(
          ({ createdSeq, type, from, to, weight }) => [createdSeq, type, from, to, weight] as const,
        ),
        edgeTypes,
        numbers,
        isWeighted,
      ),
    )
    .map((file) => readRelationshipPart(file, isWeighted))
  const counts = { nodes: entities.length, edges: relationships.length }
  const made = new TopologyAssembly({ ...counts, weightBits: isWeighted ? 64 : 0 }, seq, {
    ...{ history: HISTORY, weightProperty: isWeighted ? 'weight' : null },
    ...{ entityTypes: types.names, relationshipTypes: edgeTypes.names },
  })
  return { made, nodes, edges }
}

describe('a topology made of parts', () => {
  it.each([false, true])(
    'is the same to the byte as one that is built at once, however it was cut (weights: %s)',
    (isWeighted) => {
      const graphs = [1, 2, 3, 4, 5, 6].map((seed) => {
        const shape = (['uniform', 'power law', 'layers'] as const)[seed % 3] ?? 'uniform'
        return sorted(randomGraph(seed, { nodes: 40 * seed, edges: 100 * seed, shape }))
      })
      for (const graph of [...graphs, { seq: 7, entities: [], relationships: [] }]) {
        for (const pageRows of [1, 7, 1_000]) {
          const { made, nodes, edges } = assembly(graph, pageRows, isWeighted)
          for (const part of nodes) made.addEntities(part)
          for (const part of edges) made.count(part)
          for (const part of edges) made.place(part)
          expect(Buffer.from(made.finish().buffer)).toEqual(
            Buffer.from(builtAtOnce(graph, isWeighted).buffer),
          )
        }
      }
    },
  )

  it('is not made when a part is missing, or comes out of its order', () => {
    const graph = sorted(randomGraph(9, { nodes: 20, edges: 60, shape: 'uniform' }))
    const lacking = assembly(graph, 10, false)
    for (const part of lacking.nodes) lacking.made.addEntities(part)
    for (const part of lacking.edges) lacking.made.count(part)
    for (const part of lacking.edges.slice(1)) lacking.made.place(part)
    expect(() => lacking.made.finish()).toThrow('20, 60 and 50 rows came')
    const { made, nodes, edges } = assembly(graph, 10, false)
    for (const part of nodes) made.addEntities(part)
    for (const part of edges) made.count(part)
    expect(() => {
      for (const part of edges.toReversed()) made.place(part)
    }).toThrow('comes after')
  })
})
