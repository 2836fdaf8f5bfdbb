import { v7 } from 'uuid'
import { graphId, tenantId } from '../../core/ids.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import type { ListQuery } from '../../core/log/list-query.ts'
import type { EntityOp, GraphRequest } from '../../core/log/requests.ts'
import type { DeclaredIndex, IndexMethod } from '../../core/types/definition.ts'
import { type IndexPlan, planIndexes } from '../../core/types/index-plan.ts'
import type { Database } from '../../db/client.ts'
import { graphLogStore } from '../../db/commit/graph-log-store.ts'
import { listEntities } from '../../db/queries/entities.ts'
import { placeGraph } from '../../db/queries/graphs.ts'
import { buildIndexPage } from '../../db/queries/index-build.ts'
import { loadTypeTask, type TypeTaskName } from '../../db/queries/type-tasks.ts'
import { createRequest } from '../../test/harness/requests.ts'

export const BATCH = 1_000

/** A graph written and read without worker and object, as they would. */
export async function newGraph(database: Database) {
  const graph: GraphAddress = {
    kind: 'graph',
    tenantId: tenantId(v7()),
    graphId: graphId(v7()),
    shardId: 'shard',
    epoch: 1,
  }
  await placeGraph(database, graph.tenantId, graph.graphId)
  const store = graphLogStore(database, graph)
  const opened = await store.open([])
  if (!opened) throw new Error('the graph is not there')
  let { fence } = opened
  let schemaSeq = 0
  let indexes: readonly DeclaredIndex[] = []

  async function commit(change: Partial<GraphRequest>): Promise<void> {
    const indexMethods = [...new Set(indexes.map(({ method }) => method))]
    const request = createRequest({ schemaSeq, indexMethods, ...change })
    const { seq, answers } = await store.commit(fence, [request])
    if (answers[0]?.status !== 'committed') throw new Error(JSON.stringify(answers))
    fence = { ...fence, seq }
  }

  async function declare(method: IndexMethod, fields: readonly string[]): Promise<DeclaredIndex> {
    const index: DeclaredIndex = { id: v7(), name: v7(), method, fields, status: 'building' }
    indexes = [...indexes, index]
    await commit({
      entities: [],
      types: [
        {
          ...{ op: 0, event: 'type.changed', kind: 'entity', name: 'airport' },
          after: { json_schema: {}, change: null, indexes },
          ...{ onlyIfUnused: false, startTasks: [`build:${index.id}`], endTasks: [] },
        },
      ],
    })
    schemaSeq = fence.seq
    return index
  }

  return {
    declare,
    write: (first: number) =>
      commit({ entities: Array.from({ length: BATCH }, (_, op) => newEntity(op, first + op)) }),

    async build(index: DeclaredIndex): Promise<void> {
      const name: TypeTaskName = { kind: 'entity', name: 'airport', task: `build:${index.id}` }
      for (;;) {
        const { task } = await loadTypeTask(database, graph, name)
        if (!task) throw new Error('the task is not there')
        const page = await buildIndexPage(database, graph, task, index)
        if (page.status === 'last') return
      }
    },

    plan(query: ListQuery): IndexPlan {
      const ready = indexes.map((index) => ({ ...index, status: 'ready' }) as const)
      return planIndexes(query, ready).plan
    },

    async list(query: ListQuery, plan: IndexPlan): Promise<number> {
      const { value } = await listEntities(database, graph, query, plan)
      return value.items.length
    },
  }
}

/** About what a ticket or an airport looks like: 100 bytes of properties. */
function newEntity(op: number, i: number): EntityOp {
  const properties = {
    city: `City ${i % 900}`,
    state: `S${i % 50}`,
    elevation: (i * 7_919) % 100_003,
    note: `runway ${i % 1_000} of the field near town ${(i * 31) % 5_000}`,
    open: true,
  }
  const content = {
    name: `Airport number ${i}`,
    location: {
      lat: ((i * 7_919) % 180_000) / 1_000 - 90,
      lon: ((i * 104_729) % 360_000) / 1_000 - 180,
    },
    properties,
  }
  return { op, action: 'create', id: v7(), externalId: `airport-${v7()}`, type: 'airport', content }
}
