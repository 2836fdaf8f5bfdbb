import { TopologyBuilder } from '../../../core/graph/builder.ts'
import type { TopologyChange } from '../../../core/graph/changes.ts'
import type { GraphEngine } from '../../../core/graph/engine.ts'
import { GraphView } from '../../../core/graph/graph-view.ts'
import { MemoryEngine } from '../../../core/graph/memory-engine.ts'
import { openTopology, type Topology } from '../../../core/graph/topology.ts'
import { referenceEngine } from '../../contracts/graph-engine/reference.ts'

export type PlainEntity = { readonly id: string; readonly type: string }

export type PlainRelationship = {
  readonly createdSeq: number
  readonly type: string
  readonly from: string
  readonly to: string
  readonly weight: unknown
}

/** A graph as lists, and the seq that it is of. */
export type PlainGraph = {
  readonly seq: number
  readonly entities: readonly PlainEntity[]
  readonly relationships: readonly PlainRelationship[]
}

export const HISTORY = '00000000-0000-7000-8000-000000000001'

/** A UUID that `number` can be read from; neighbouring numbers differ in their first bytes. */
export function idOf(number: number): string {
  const scattered = Math.imul(number + 1, 0x9e3779b1) >>> 0
  return `${hex(scattered, 8)}-0000-7000-8000-${hex(number, 12)}`
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0')
}

export function topologyOf(graph: PlainGraph, bits: 32 | 64 = 64): Topology {
  const weight = { property: 'weight', bits }
  const builder = new TopologyBuilder({ history: HISTORY, seq: graph.seq, weight })
  for (const { id, type } of graph.entities) builder.addEntity(id, type)
  for (const relationship of graph.relationships) builder.addRelationship(relationship)
  return builder.finish()
}

/** The engine in memory, by way of the bytes, as they come from storage. */
export function engineOf(graph: PlainGraph): GraphEngine {
  return new MemoryEngine(new GraphView(openTopology(topologyOf(graph).buffer)), () => 0)
}

/** What the contract says of the graph, said once more in the plainest words. */
export function referenceOf({ seq, entities, relationships }: PlainGraph): GraphEngine {
  return referenceEngine({ seq, entities, edges: relationships })
}

/** The graph after these changes, which fit it. */
export function changed(graph: PlainGraph, changes: readonly TopologyChange[]): PlainGraph {
  let { entities, relationships } = graph
  for (const change of changes) {
    switch (change.kind) {
      case 'entity.created':
        entities = [...entities, { id: change.id, type: change.type }]
        break
      case 'entity.deleted':
        entities = entities.filter(({ id }) => id !== change.id)
        break
      case 'relationship.created': {
        const { seq, type, from, to, weight } = change
        relationships = [...relationships, { createdSeq: seq, type, from, to, weight }]
        break
      }
      case 'relationship.deleted':
        relationships = relationships.filter(({ createdSeq }) => createdSeq !== change.createdSeq)
        break
      case 'relationship.weighted':
        relationships = relationships.map((relationship) => {
          const isIt = relationship.createdSeq === change.createdSeq
          return isIt ? { ...relationship, weight: change.weight } : relationship
        })
        break
    }
  }
  return { seq: changes.at(-1)?.seq ?? graph.seq, entities, relationships }
}
