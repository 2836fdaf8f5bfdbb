import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { consume } from '../../queues/consume.ts'
import type { Consumer } from '../../queues/consumer.ts'
import { statistics } from '../../queues/consumers/statistics.ts'
import { createMigrated, type MigratedDatabase } from '../harness/databases.ts'
import { randomFrom } from '../harness/random.ts'
import { type Fate, untilDeath } from './harness/crashing-database.ts'
import { GraphWriter } from './harness/graph-writer.ts'
import { createLedger, ledgerConsumer, ledgerProblems } from './harness/ledger.ts'
import { countedAnew, countedByConsumer } from './harness/statistics-truth.ts'

let shard: MigratedDatabase

beforeAll(async () => {
  shard = await createMigrated('shard')
  await createLedger(shard)
})

afterAll(() => shard.drop())

const budget = { maxPages: 100, untilMs: Number.POSITIVE_INFINITY }
const clock = { now: () => 0, random: () => 0.5 }

async function newGraph(events: number): Promise<GraphWriter> {
  const writer = await GraphWriter.create(shard, randomFrom(events))
  while (writer.head < events) await writer.write(10)
  return writer
}

/** Runs a consumer to the end of a log, after each interruption anew; returns the round trips it took. */
async function runThrough(
  consumer: Consumer,
  writer: GraphWriter,
  fates: ReadonlyMap<number, Fate>,
): Promise<number> {
  let trips = 0
  const fateOf = () => fates.get(trips++) ?? 'works'
  for (let runs = 0; runs < 5; runs += 1) {
    let end = ''
    await untilDeath(shard.database, fateOf, async (database) => {
      end = (await consume({ ...clock, shard: database }, consumer, writer.graph, budget)).end
    })
    if (end === 'rested') return trips
  }
  throw new Error('it does not come to an end')
}

const FATES: readonly Fate[] = ['dies_before', 'dies_after', 'cut_before', 'cut_after']

describe.each(FATES)('a consumer to which, at any one of its round trips, happens: %s', (fate) => {
  it('takes every event once and in order, the next time it runs', async () => {
    const consumer = ledgerConsumer(`ledger-${fate}`, 10, (seq) => seq === 23)
    const trips = await runThrough(consumer, await newGraph(40), new Map())
    // Beginning, five pages and more narrow ones around the poison, and the end.
    expect(trips).toBeGreaterThan(15)
    for (let trip = 0; trip < trips; trip += 1) {
      const writer = await newGraph(40)
      await runThrough(consumer, writer, new Map([[trip, fate]]))
      const { graphId } = writer.graph
      expect(await ledgerProblems(shard, consumer.name, graphId, [23]), `trip ${trip}`).toEqual([])
      const { rows } = await shard.owner.query(
        'select seq::int from parked_events where graph_id = $1',
        [graphId],
      )
      expect(rows).toEqual([{ seq: 23 }])
    }
  })

  it('counts every event once', async () => {
    const narrow = { ...statistics, pageEvents: 10 }
    const trips = await runThrough(narrow, await newGraph(40), new Map())
    for (let trip = 0; trip < trips; trip += 1) {
      const writer = await newGraph(40)
      await runThrough(narrow, writer, new Map([[trip, fate]]))
      const { graphId } = writer.graph
      expect(await countedByConsumer(shard, graphId), `trip ${trip}`).toEqual(
        await countedAnew(shard, graphId),
      )
    }
  })
})

describe('two runs of one consumer at once', () => {
  it('take every event once and in order', async () => {
    const consumer = ledgerConsumer('rivals', 7)
    const writer = await newGraph(300)
    const deps = { ...clock, shard: shard.database }
    await Promise.all(
      [1, 2, 3].map(() => consume(deps, consumer, writer.graph, { ...budget, maxPages: 1_000 })),
    )
    expect(await ledgerProblems(shard, 'rivals', writer.graph.graphId)).toEqual([])
  })
})
