import { afterAll, beforeAll, expect, it } from 'vitest'
import { GraphView } from '../../../../core/graph/graph-view.ts'
import type { Topology } from '../../../../core/graph/topology.ts'
import { buildTopology } from '../../../../workers/operations/topology/build.ts'
import {
  loadTopology,
  MAX_ROWS_BUILT_BY_READER,
} from '../../../../workers/operations/topology/load.ts'
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

const BUDGET = 1024 * 1024

/** A graph that was written to after its topology was stored, and how readers load that. */
async function leftBehind(seed: number, weightKeys: readonly string[] | null = null) {
  const random = seededRandom(seed)
  const graph = await IndexedGraph.create(shard)
  const { address } = graph
  for (let i = 0; i < 15; i += 1) await graph.commit(randomRequest(random, 20))
  const first = await buildTopology(shard.database, address, { weightKeys, maxRows: 1e6 })
  if (typeof first === 'string') throw new Error(first)
  for (let i = 0; i < 10; i += 1) await graph.commit(randomRequest(random, 20))
  let stored: Topology | null = first
  const store: TopologyStore = {
    latest: async () => stored && { seq: stored.seq, key: 'key', bytes: stored.buffer.byteLength },
    load: async () => stored,
    async save(_graph, topology) {
      stored = topology
    },
  }
  const load = () =>
    loadTopology({
      ...{ shard: shard.database, graph: address, historyId: first.meta.history },
      ...{ weightKeys, store, budgetBytes: BUDGET, now: () => 0 },
    })
  const setGraph = (changes: string, value: number) =>
    shard.owner.query(`update graphs set ${changes} where id = $2`, [value, address.graphId])
  return {
    first,
    load,
    setGraph,
    lines: () => linesOfTables(shard.owner, address, weightKeys?.[0] ?? null),
    store,
  }
}

it.each([[null], [['size']]])(
  'what was stored is brought forward when it is loaded (weight %s)',
  async (weightKeys) => {
    const { load, lines, first } = await leftBehind(1, weightKeys)
    const loaded = await load()
    if (typeof loaded === 'string' || 'former' in loaded) throw new Error('nothing was loaded')
    expect(loaded.view.base).toBe(first)
    expect(loaded.view.seq).toBeGreaterThan(first.seq)
    expect(linesOf(loaded.view)).toEqual(await lines())
  },
)

it('what the log does not lead on from is built anew', async () => {
  const { load, setGraph, lines, store } = await leftBehind(2)
  await setGraph('floor_seq = seq - $1', 1)
  const loaded = await load()
  if (typeof loaded === 'string' || 'former' in loaded) throw new Error('nothing was loaded')
  expect(linesOf(loaded.view)).toEqual(await lines())
  const again = await store.load({ seq: 0, key: '', bytes: 0 })
  expect(again && linesOf(new GraphView(again))).toEqual(await lines())
})

it('what is too large to be built here is left to a job, which follows what is stored', async () => {
  const { load, setGraph, first } = await leftBehind(3)
  await setGraph('seq = $1, floor_seq = $1', MAX_ROWS_BUILT_BY_READER + 1)
  expect(await load()).toEqual({ former: first.seq })
})
