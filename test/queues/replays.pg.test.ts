import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { beginReplay, getReplay } from '../../db/queries/replays.ts'
import { consume } from '../../queues/consume.ts'
import type { Consumer } from '../../queues/consumer.ts'
import { statistics } from '../../queues/consumers/statistics.ts'
import { runReplay } from '../../queues/replay.ts'
import { createMigrated, type MigratedDatabase } from '../harness/databases.ts'
import { randomFrom } from '../harness/random.ts'
import { type Fate, untilDeath } from './harness/crashing-database.ts'
import { GraphWriter } from './harness/graph-writer.ts'
import { createLedger, ledgerConsumer } from './harness/ledger.ts'
import { countedAnew, countedByConsumer } from './harness/statistics-truth.ts'

let shard: MigratedDatabase

beforeAll(async () => {
  shard = await createMigrated('shard')
  await createLedger(shard)
})

afterAll(() => shard.drop())

const budget = { maxPages: 1_000, untilMs: Number.POSITIVE_INFINITY }
const deps = () => ({ now: () => 0, random: () => 0, shard: shard.database })
const narrow = { ...statistics, pageEvents: 10 }

async function newGraph(events: number): Promise<GraphWriter> {
  const writer = await GraphWriter.create(shard, randomFrom(events))
  while (writer.head < events) await writer.write(10)
  return writer
}

type Range = {
  readonly fromSeq?: number
  readonly toSeq?: number
  readonly eventsPerSecond?: number
}

async function begin({ graph }: GraphWriter, consumer: Consumer, range: Range = {}) {
  const id = randomUUID()
  const { fromSeq = 1, toSeq = null, eventsPerSecond = null } = range
  const rebuilds = consumer.projection !== null
  const createdAt = new Date().toISOString()
  const given = { id, consumer: consumer.name, rebuilds, createdAt }
  await shard.database.batch(
    graph.tenantId,
    beginReplay(graph, { ...given, fromSeq, toSeq, eventsPerSecond }),
  )
  return id
}

const run = (writer: GraphWriter, consumer: Consumer, id: string, database = shard.database) =>
  runReplay({ ...deps(), shard: database }, () => consumer, writer.graph, id, consumer.name, budget)

const stateOf = async ({ graph }: GraphWriter, id: string) =>
  (await getReplay(shard.database, graph, id))?.state

/** Falsifies what the consumer has counted so far. */
async function spoil({ graph }: GraphWriter): Promise<void> {
  await shard.owner.query('update graph_statistics set count = count + 7 where graph_id = $1', [
    graph.graphId,
  ])
}

describe('a rebuild', () => {
  it('stands beside what is read until it is done, while live consumption goes on', async () => {
    const writer = await newGraph(60)
    const { graphId } = writer.graph
    await consume(deps(), narrow, writer.graph, budget)
    await spoil(writer)
    const id = await begin(writer, narrow, { eventsPerSecond: 1 })
    // Five seconds' worth, and then it waits.
    expect(await run(writer, narrow, id)).toMatchObject({ end: 'waiting', waitMs: 5_000 })
    expect(await run(writer, narrow, id)).toEqual({ end: 'deferred' })
    await writer.write(10)
    await consume(deps(), narrow, writer.graph, budget)
    const spoiled = await countedByConsumer(shard, graphId)
    expect(spoiled).not.toEqual(await countedAnew(shard, graphId))
    await shard.owner.query(
      'update replays set not_before = null, events_per_second = null where id = $1',
      [id],
    )
    expect(await run(writer, narrow, id)).toEqual({ end: 'rested' })
    expect(await stateOf(writer, id)).toBe('done')
    expect(await countedByConsumer(shard, graphId)).toEqual(await countedAnew(shard, graphId))
    // Live consumption goes on from there, and nothing of the old is left.
    await writer.write(10)
    await consume(deps(), narrow, writer.graph, budget)
    expect(await countedByConsumer(shard, graphId)).toEqual(await countedAnew(shard, graphId))
    const { rows } = await shard.owner.query(
      'select distinct generation::int from graph_statistics where graph_id = $1',
      [graphId],
    )
    expect(rows).toEqual([{ generation: 2 }])
  })

  it('beside writes and live consumption ends, and counts right', async () => {
    const writer = await newGraph(100)
    await consume(deps(), narrow, writer.graph, budget)
    await spoil(writer)
    const id = await begin(writer, narrow)
    let isDone = false
    async function live(): Promise<void> {
      while (!isDone) {
        if (writer.head < 400) await writer.write(10)
        await consume(deps(), narrow, writer.graph, budget)
      }
    }
    const living = live()
    const outcome = await run(writer, narrow, id)
    isDone = true
    await living
    expect(outcome).toEqual({ end: 'rested' })
    await consume(deps(), narrow, writer.graph, budget)
    const { graphId } = writer.graph
    expect(await countedByConsumer(shard, graphId)).toEqual(await countedAnew(shard, graphId))
  })

  it('cannot begin while another is running, nor before the consumer has', async () => {
    const writer = await newGraph(10)
    await expect(begin(writer, narrow)).rejects.toMatchObject({ sqlState: 'TDR01' })
    await consume(deps(), narrow, writer.graph, budget)
    await begin(writer, narrow)
    await expect(begin(writer, narrow)).rejects.toMatchObject({ sqlState: 'TDR01' })
  })
})

describe.each<Fate>(['dies_before', 'dies_after', 'cut_before', 'cut_after'])(
  'a rebuild to which, at any one of its round trips, happens: %s',
  (fate) => {
    it('goes on where it was, and counts every event once', async () => {
      const trips = await rebuildWith(new Map())
      expect(trips).toBeGreaterThan(6)
      for (let trip = 0; trip < trips; trip += 1) await rebuildWith(new Map([[trip, fate]]))
    })
  },
)

/** Rebuilds what was falsified, each time it is interrupted anew; returns the round trips it took. */
async function rebuildWith(fates: ReadonlyMap<number, Fate>): Promise<number> {
  const writer = await newGraph(30)
  await consume(deps(), narrow, writer.graph, budget)
  await spoil(writer)
  const id = await begin(writer, narrow)
  let trips = 0
  for (let runs = 0; runs < 3; runs += 1) {
    const fateOf = (): Fate => fates.get(trips++) ?? 'works'
    await untilDeath(shard.database, fateOf, (database) => run(writer, narrow, id, database))
    if ((await stateOf(writer, id)) === 'done') break
  }
  const { graphId } = writer.graph
  expect(await countedByConsumer(shard, graphId)).toEqual(await countedAnew(shard, graphId))
  return trips
}

describe('a replay of a part', () => {
  it('takes each of its events once more, in order, and no other', async () => {
    const consumer = ledgerConsumer('again', 4)
    const writer = await newGraph(40)
    await consume(deps(), consumer, writer.graph, budget)
    const id = await begin(writer, consumer, { fromSeq: 11, toSeq: 25 })
    await Promise.all([1, 2, 3].map(() => run(writer, consumer, id)))
    expect(await run(writer, consumer, id)).toEqual({ end: 'rested' })
    expect(await stateOf(writer, id)).toBe('done')
    const { rows } = await shard.owner.query<{ seq: number }>(
      'select seq::int from ledger where graph_id = $1 and is_replay order by line',
      [writer.graph.graphId],
    )
    expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 15 }, (_, i) => 11 + i))
  })

  it('that is cancelled stops where it is', async () => {
    const consumer = ledgerConsumer('cancelled', 4)
    const writer = await newGraph(20)
    await consume(deps(), consumer, writer.graph, budget)
    const id = await begin(writer, consumer, { eventsPerSecond: 1 })
    await run(writer, consumer, id)
    await shard.owner.query(`update replays set state = 'cancelled' where id = $1`, [id])
    expect(await run(writer, consumer, id)).toEqual({ end: 'rested' })
    const { rowCount } = await shard.owner.query(
      'select from ledger where graph_id = $1 and is_replay',
      [writer.graph.graphId],
    )
    expect(rowCount).toBe(4)
  })
})
