import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GraphView } from '../../../../core/graph/graph-view.ts'
import type { Topology } from '../../../../core/graph/topology.ts'
import type { Entity } from '../../../../core/log/records.ts'
import type { Database } from '../../../../db/client.ts'
import { recordsAt } from '../../../../db/queries/records-at.ts'
import { toEntity, toRelationship } from '../../../../db/queries/rows.ts'
import { inGraph, readGraph } from '../../../../db/queries/snapshot.ts'
import { bringForward } from '../../../../workers/operations/topology/bring-forward.ts'
import { buildTopology } from '../../../../workers/operations/topology/build.ts'
import type { HeldTopology } from '../../../../workers/operations/topology/held.ts'
import { held } from '../../../../workers/operations/topology/load.ts'
import { IndexedGraph } from '../../../db/indexes/indexed-graph.ts'
import { randomRequest } from '../../../db/indexes/random-writes.ts'
import { type Random, seededRandom } from '../../../durable-objects/graph-log/histories/random.ts'
import { createMigrated, type MigratedDatabase } from '../../../harness/databases.ts'
import { linesOf, linesOfTables } from './contents.ts'

const seed = Number(process.env.TENDRIL_SEED ?? Date.now() % 1_000_000)
/** Records of each type that the random writes write to. */
const WORLD = 25

let shard: MigratedDatabase

beforeAll(async () => {
  shard = await createMigrated('shard')
})

afterAll(() => shard.drop())

async function written(random: Random, requests: number): Promise<IndexedGraph> {
  const graph = await IndexedGraph.create(shard)
  await writeTo(graph, random, requests)
  return graph
}

async function writeTo(graph: IndexedGraph, random: Random, requests: number): Promise<void> {
  for (let i = 0; i < requests; i += 1) await graph.commit(randomRequest(random, WORLD))
}

const tables = (graph: IndexedGraph, weightKey: string | null) =>
  linesOfTables(shard.owner, graph.address, weightKey)

function expectBuilt(outcome: unknown): Topology {
  if (typeof outcome === 'string') throw new Error(outcome)
  return outcome as Topology
}

describe(`a topology from PostgreSQL (seed ${seed})`, () => {
  it.each([
    [null, null],
    [['size'], 'size'],
  ] as const)(
    'is of one seq, whatever is written between its pages (weight %s)',
    async (weightKeys, weightKey) => {
      const random = seededRandom(seed)
      for (let run = 0; run < 4; run += 1) {
        const graph = await written(random, 20)
        let atHead: string[] | null = null
        // Writes after each page that the build reads: the first read is that of the head.
        const disturbed: Database = {
          ...shard.database,
          async batch(...args) {
            const results = await shard.database.batch(...args)
            atHead ??= await tables(graph, weightKey)
            if (random.chance(0.7)) await writeTo(graph, random, 1 + random.below(3))
            return results
          },
        }
        const topology = expectBuilt(
          await buildTopology(disturbed, graph.address, { weightKeys, maxRows: 1e6, pageRows: 7 }),
        )
        expect(linesOf(new GraphView(topology))).toEqual(atHead)
        expect(await tables(graph, weightKey)).not.toEqual(atHead)
      }
    },
  )

  it.each([
    [null, null],
    [['size'], 'size'],
  ] as const)(
    'is brought forward to what the tables say (weight %s)',
    async (weightKeys, weightKey) => {
      const random = seededRandom(seed + 1)
      const graph = await written(random, 20)
      const forward = { shard: shard.database, graph: graph.address, weightKeys, now: Date.now }
      const build = async () =>
        held(
          expectBuilt(
            await buildTopology(shard.database, graph.address, { weightKeys, maxRows: 1e6 }),
          ),
        )
      const all: HeldTopology[] = [await build()]
      for (let round = 0; round < 12; round += 1) {
        await writeTo(graph, random, 1 + random.below(5))
        if (random.chance(0.4)) all.push(await build())
        for (const each of all) {
          if (random.chance(0.5)) continue
          expect(await bringForward(each, forward)).not.toBe(false)
          expect(linesOf(each.view)).toEqual(await tables(graph, weightKey))
        }
      }
    },
  )

  it('is not brought forward into another history, or beyond what the log has', async () => {
    const random = seededRandom(seed + 2)
    const graph = await written(random, 10)
    const forward = { shard: shard.database, graph: graph.address, weightKeys: null, now: Date.now }
    const options = { weightKeys: null, maxRows: 1e6 }
    const topology = expectBuilt(await buildTopology(shard.database, graph.address, options))
    await writeTo(graph, random, 5)
    const { graphId } = graph.address
    await shard.owner.query('update graphs set floor_seq = seq where id = $1', [graphId])
    expect(await bringForward(held(topology), forward)).toBe(false)
    await shard.owner.query(
      'update graphs set floor_seq = 0, history_id = gen_random_uuid() where id = $1',
      [graphId],
    )
    expect(await bringForward(held(topology), forward)).toBe(false)
  })

  it('gives up on a graph of more rows than allowed', async () => {
    const graph = await written(seededRandom(seed), 20)
    const options = { weightKeys: null, maxRows: 10 }
    expect(await buildTopology(shard.database, graph.address, options)).toBe('too_large')
  })
})

it(`records are read as they were at a seq (seed ${seed})`, async () => {
  const random = seededRandom(seed + 3)
  const graph = await written(random, 30)
  for (let run = 0; run < 5; run += 1) {
    const { results, seq } = await readGraph(shard.database, graph.address, [
      sql`select * from entities r where ${inGraph(graph.address, 'r')} order by id`,
      sql`select * from relationships r where ${inGraph(graph.address, 'r')} order by created_seq`,
    ])
    const [entities = [], edges = []] = results
    await writeTo(graph, random, 15)
    const found = await recordsAt(shard.database, graph.address, seq, {
      ids: [...entities.map(({ id }) => String(id)), random.uuid()],
      createdSeqs: [...edges.map(({ created_seq }) => Number(created_seq)), 1e9],
    })
    expect(entities.length).toBeGreaterThan(5)
    expect([...found.entities.values()].sort(byId)).toEqual(entities.map(toEntity))
    expect([...found.relationships].sort(([a], [b]) => a - b)).toEqual(
      edges.map((row) => [row.created_seq, toRelationship(row)]),
    )
  }
})

const byId = (a: Entity, b: Entity) => (a.id < b.id ? -1 : 1)
