import { randomUUID } from 'node:crypto'
import { describe } from 'vitest'
import type { GraphUnderTest } from '../contracts/graph-log-store/session.ts'
import { graphLogStoreContract } from '../contracts/graph-log-store.contract.ts'
import { ModelGraph } from './model-graph/model-graph.ts'
import { modelGraphStore } from './model-graph/model-graph-store.ts'

async function newGraph(): Promise<GraphUnderTest> {
  const graph = new ModelGraph(randomUUID(), randomUUID())
  const { tenantId } = graph
  const options = { tenantId, epoch: 1, now: Date.now }
  return {
    store: modelGraphStore(graph, options),
    storeAs: (other) => modelGraphStore(graph, { ...options, ...other }),
    contents: async () => graph.contents(),
    async setEpoch(epoch) {
      graph.row.epoch = epoch
    },
    async markDeleted() {
      graph.row.isDeleted = true
    },
  }
}

describe('the log of a graph in memory', () => graphLogStoreContract(newGraph))
