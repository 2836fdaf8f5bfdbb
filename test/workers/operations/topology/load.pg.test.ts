import { afterAll, beforeAll, expect, it } from 'vitest'
import { headOf } from '../../../../db/queries/export.ts'
import { buildTopology } from '../../../../workers/operations/topology/build.ts'
import type { HeldTopology } from '../../../../workers/operations/topology/held.ts'
import { type LoadOutcome, loadTopology } from '../../../../workers/operations/topology/load.ts'
import type { TopologyStore } from '../../../../workers/operations/topology/store.ts'
import { IndexedGraph } from '../../../db/indexes/indexed-graph.ts'
import { randomRequest } from '../../../db/indexes/random-writes.ts'
import { seededRandom } from '../../../durable-objects/graph-log/histories/random.ts'
import { createMigrated, type MigratedDatabase } from '../../../harness/databases.ts'
import { linesOf, linesOfTables } from './contents.ts'

let shard: MigratedDatabase

beforeAll(async () => {
  shard = await createMigrated('shard')
})

afterAll(() => shard.drop())

/** Keeps the last topology, as it is. */
function memoryStore(): TopologyStore & { saved: Parameters<TopologyStore['save']>[1][] } {
  const saved: Parameters<TopologyStore['save']>[1][] = []
  return {
    saved,
    async latest() {
      const last = saved.at(-1)
      return last ? { seq: last.seq, key: 'last', bytes: last.buffer.byteLength } : null
    },
    load: async () => saved.at(-1) ?? null,
    async save(_graph, topology) {
      saved.push(topology)
    },
  }
}

function expectHeld(outcome: LoadOutcome): HeldTopology {
  if (typeof outcome === 'string') throw new Error(outcome)
  if ('former' in outcome) throw new Error('left to a job')
  return outcome
}

it('loads what was stored and brings it forward, or builds anew what has fallen too far behind', async () => {
  const random = seededRandom(7)
  const graph = await IndexedGraph.create(shard)
  const write = async () => {
    for (let i = 0; i < 10; i += 1) await graph.commit(randomRequest(random, 25))
  }
  await write()
  const { historyId } = await headOf(shard.database, graph.address)
  const store = memoryStore()
  const loading = {
    ...{ shard: shard.database, graph: graph.address, historyId, store },
    ...{ weightKeys: null, budgetBytes: 1e6, now: Date.now },
  }
  const tables = () => linesOfTables(shard.owner, graph.address, null)

  const built = expectHeld(await loadTopology(loading))
  expect(store.saved).toHaveLength(1)
  expect(linesOf(built.view)).toEqual(await tables())

  await write()
  const loaded = expectHeld(await loadTopology(loading))
  expect(store.saved).toHaveLength(1)
  expect(linesOf(loaded.view)).toEqual(await tables())

  // The log no longer reaches back to what was stored.
  await write()
  const { graphId } = graph.address
  await shard.owner.query('update graphs set floor_seq = seq where id = $1', [graphId])
  const anew = expectHeld(await loadTopology(loading))
  expect(store.saved).toHaveLength(2)
  expect(linesOf(anew.view)).toEqual(await tables())

  expect(await loadTopology({ ...loading, budgetBytes: 100 })).toBe('too_large')
  const of = { weightKeys: null, maxRows: 1e6 }
  expect(await buildTopology(shard.database, graph.address, of)).toMatchObject({
    seq: anew.view.seq,
  })
})
