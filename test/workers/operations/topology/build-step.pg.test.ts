import { afterAll, beforeAll, expect, it } from 'vitest'
import { GraphView } from '../../../../core/graph/graph-view.ts'
import { headOf } from '../../../../db/queries/export.ts'
import {
  type BuildCursor,
  type Building,
  type BuildStep,
  topologyBuildStep,
} from '../../../../workers/operations/topology/build-step.ts'
import { type TopologyFiles, topologyStore } from '../../../../workers/operations/topology/store.ts'
import { IndexedGraph } from '../../../db/indexes/indexed-graph.ts'
import { randomRequest } from '../../../db/indexes/random-writes.ts'
import { seededRandom } from '../../../durable-objects/graph-log/histories/random.ts'
import { createMigrated, type MigratedDatabase } from '../../../harness/databases.ts'
import { linesOf, linesOfTables } from './contents.ts'

const seed = Number(process.env.TENDRIL_SEED ?? Date.now() % 1_000_000)

let shard: MigratedDatabase

beforeAll(async () => {
  shard = await createMigrated('shard')
})

afterAll(() => shard.drop())

/** Files in memory; `failures` of the calls that follow fail after they were done. */
class Files implements TopologyFiles {
  readonly kept = new Map<string, Uint8Array>()
  failures = 0

  async get(key: string) {
    const bytes = this.kept.get(key)
    if (!bytes) return null
    const body = new Response(bytes.slice()).body
    return body && { body, text: async () => new TextDecoder().decode(bytes) }
  }

  async put(key: string, value: ArrayBuffer | Uint8Array | string) {
    const bytes =
      typeof value === 'string' ? new TextEncoder().encode(value) : new Uint8Array(value)
    this.kept.set(key, bytes.slice())
    this.#fail()
  }

  async delete(key: string) {
    this.kept.delete(key)
    this.#fail()
  }

  #fail(): void {
    if (this.failures <= 0) return
    this.failures -= 1
    throw new Error('killed')
  }
}

it(`builds in steps what the graph was at the first of them, killed anywhere (seed ${seed})`, async () => {
  const random = seededRandom(seed)
  const graph = await IndexedGraph.create(shard)
  const write = async (requests: number) => {
    for (let i = 0; i < requests; i += 1) await graph.commit(randomRequest(random, 25))
  }
  await write(30)
  const files = new Files()
  const store = topologyStore(files, null)
  const { address } = graph
  const building: Building = {
    ...{ files, store, graph: address, pageRows: 2 },
    shard: shard.database,
  }
  const { seq, historyId } = await headOf(shard.database, address)
  const expected = await linesOfTables(shard.owner, address, null)

  let cursor: BuildCursor | null = null
  let killed = 0
  for (let steps = 0; ; steps += 1) {
    if (random.chance(0.6)) files.failures = 1
    const step: BuildStep | null = await topologyBuildStep(building, cursor).catch(() => null)
    files.failures = 0
    if (cursor === null && step === null) {
      // There is no cursor to go on from: nothing may be written before the first step is done.
      killed += 1
      continue
    }
    if (random.chance(0.7)) await write(1)
    if (step === null) killed += 1
    else if ('result' in step) {
      expect(step.result.seq).toBe(seq)
      break
    } else cursor = step.cursor
    expect(steps).toBeLessThan(200)
  }
  expect(killed).toBeGreaterThan(0)

  const stored = await store.latest(address, historyId)
  expect(stored?.seq).toBe(seq)
  const topology = stored && (await store.load(stored))
  if (!topology) throw new Error('nothing was stored')
  expect(linesOf(new GraphView(topology))).toEqual(expected)
})
