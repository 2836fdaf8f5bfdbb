import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database, Row } from '../../db/client.ts'
import { dropOldEvents } from '../../db/queries/purge.ts'
import { beginReplay, getReplay } from '../../db/queries/replays.ts'
import { consume } from '../../queues/consume.ts'
import type { Consumer } from '../../queues/consumer.ts'
import { statistics } from '../../queues/consumers/statistics.ts'
import { runReplay } from '../../queues/replay.ts'
import {
  createEntity,
  createRelationship,
  defineType,
  remove,
  update,
} from '../contracts/graph-log-store/requests.ts'
import { createMigrated, type MigratedDatabase } from '../harness/databases.ts'
import { randomFrom } from '../harness/random.ts'
import { type Fate, untilDeath } from './harness/crashing-database.ts'
import { GraphWriter } from './harness/graph-writer.ts'
import { age, dropUpTo, writeOn } from './harness/long-history.ts'
import { createMirror, mirror, mirrorAndTruth } from './harness/mirror.ts'
import { activityAnew, activityByConsumer, countedByConsumer } from './harness/statistics-truth.ts'

let shard: MigratedDatabase

beforeAll(async () => {
  shard = await createMigrated('shard')
  await createMirror(shard)
})

afterAll(() => shard.drop())

const seed = Number(process.env.TENDRIL_SEED ?? Math.floor(Math.random() * 1e9))
const budget = { maxPages: 10_000, untilMs: Number.POSITIVE_INFINITY }
const deps = (database: Database = shard.database) => ({
  now: () => 0,
  random: () => 0,
  shard: database,
})
const narrow = { ...statistics, pageEvents: 7 }
const copies = mirror(5)
const wider = mirror(9)

async function newGraph(events: number, from = events): Promise<GraphWriter> {
  const random = randomFrom(from)
  const writer = await GraphWriter.create(shard, random)
  await writer.commit({ types: [defineType('always')] })
  await writeOn(shard, writer, random, events)
  return writer
}

const live = (writer: GraphWriter, consumer: Consumer, database?: Database) =>
  consume(deps(database), consumer, writer.graph, budget)

async function begin({ graph }: GraphWriter, consumer: Consumer): Promise<string> {
  const id = randomUUID()
  await shard.database.batch(
    graph.tenantId,
    beginReplay(graph, {
      ...{ id, consumer: consumer.name, rebuilds: true, createdAt: new Date().toISOString() },
      ...{ fromSeq: 1, toSeq: null, eventsPerSecond: null },
    }),
  )
  return id
}

const run = (writer: GraphWriter, consumer: Consumer, id: string, database?: Database) =>
  runReplay(deps(database), () => consumer, writer.graph, id, consumer.name, budget)

const stateOf = async ({ graph }: GraphWriter, id: string) =>
  (await getReplay(shard.database, graph, id))?.state

/** Forgets all that a consumer has: it is new then. */
async function forget({ graph }: GraphWriter): Promise<void> {
  for (const table of [
    'checkpoints',
    'graph_statistics',
    'graph_activity',
    'mirror',
    'mirror_events',
  ]) {
    await shard.owner.query(`delete from ${table} where graph_id = $1`, [graph.graphId])
  }
}

/** All but the bytes of the log itself, which are less once a part of it is dropped. */
async function counted({ graph }: GraphWriter) {
  const all = await countedByConsumer(shard, graph.graphId)
  return all.map((each) => (each.kind === 'event' ? { ...each, bytes: 0 } : each))
}

async function expectMirrored({ graph, head }: GraphWriter, floor: number): Promise<void> {
  const { mirrored, truth, events } = await mirrorAndTruth(shard, graph.graphId)
  expect(mirrored).toEqual(truth)
  expect(events).toEqual(Array.from({ length: head - floor }, (_, i) => floor + 1 + i))
  const { rowCount } = await shard.owner.query('select from parked_events where graph_id = $1', [
    graph.graphId,
  ])
  expect(rowCount).toBe(0)
}

describe(`once the beginning of a log is dropped (seed ${seed})`, () => {
  it('a rebuild comes to what the undisturbed projection is, in number and content', async () => {
    const writer = await newGraph(400, seed)
    const { graph } = writer
    // The oldest event that is kept changes something: what it was before is not in the tables.
    const { rows } = await shard.owner.query<{ floor: number }>(
      `select max(seq)::int - 1 as floor from events
        where graph_id = $1 and seq <= 300 and kind in ('entity.updated', 'relationship.updated')`,
      [graph.graphId],
    )
    const floor = rows[0]?.floor ?? 0
    expect(floor).toBeGreaterThan(210)
    await age(shard, writer, [
      { month: '2024-01', upTo: 90 },
      { month: '2024-02', upTo: 210 },
      { month: '2024-03', upTo: floor },
    ])
    await live(writer, narrow)
    await live(writer, copies)
    const undisturbed = await counted(writer)
    const retention = { keepDays: 31, consumers: ['statistics', 'mirror'] }
    expect(await dropOldEvents(shard.database, retention)).toBe(3)
    // What the rebuild must not take over.
    await shard.owner.query('update graph_statistics set count = count + 7 where graph_id = $1', [
      graph.graphId,
    ])
    await shard.owner.query(`update mirror set image = '{}' where graph_id = $1`, [graph.graphId])
    for (const consumer of [narrow, copies]) {
      const id = await begin(writer, consumer)
      expect(await run(writer, consumer, id)).toEqual({ end: 'rested' })
      expect(await stateOf(writer, id)).toBe('done')
    }
    expect(await counted(writer)).toEqual(undisturbed)
    expect(undisturbed.some(({ kind, count }) => kind === 'type' && count > 0)).toBe(true)
    await expectMirrored(writer, floor)
    // What happened before is not known any more: of the hours, those of the log that is kept.
    expect(await activityByConsumer(shard, graph.graphId)).toEqual(
      await activityAnew(shard, graph.graphId),
    )
    // And both go on.
    await writeOn(shard, writer, randomFrom(seed + 1), 60)
    await live(writer, narrow)
    await live(writer, copies)
    await expectMirrored(writer, floor)
    const after = await counted(writer)
    await forget(writer)
    await live(writer, narrow)
    expect(await counted(writer)).toEqual(after)
  })
})

/** All consumed, then cut off at each third of the log. */
async function cutGraph(
  events: number,
  from?: number,
): Promise<{ writer: GraphWriter; floor: number }> {
  const writer = await newGraph(events, from)
  await live(writer, narrow)
  await live(writer, copies)
  const floor = Math.floor(events * 0.6)
  await dropUpTo(shard, writer, floor)
  return { writer, floor }
}

describe.each<Fate>(['dies_before', 'dies_after'])(
  'a seed to whose machine, at any one of its round trips, happens: %s',
  (fate) => {
    it('of a new consumer goes on where it was, and takes every record once', async () => {
      const { writer, floor } = await cutGraph(45, 11)
      await eachTrip(fate, async (fateOf) => {
        await forget(writer)
        await untilDeath(shard.database, fateOf, (database) => live(writer, wider, database))
        await live(writer, wider)
        await expectMirrored(writer, floor)
      })
    })

    it('of a rebuild goes on where it was, and takes every record once', async () => {
      const { writer, floor } = await cutGraph(45, 11)
      await eachTrip(fate, async (fateOf) => {
        const id = await begin(writer, wider)
        await untilDeath(shard.database, fateOf, (database) => run(writer, wider, id, database))
        await run(writer, wider, id)
        expect(await stateOf(writer, id)).toBe('done')
        await expectMirrored(writer, floor)
      })
    })
  },
)

/** Does it once undisturbed, and then once for each of its round trips. */
async function eachTrip(fate: Fate, work: (fateOf: () => Fate) => Promise<void>): Promise<void> {
  let trips = 0
  await work(() => {
    trips += 1
    return 'works'
  })
  // Beginning, some pages of entities, of relationships and of types, and events.
  expect(trips).toBeGreaterThan(20)
  for (let fatal = 0; fatal < trips; fatal += 1) {
    let trip = 0
    await work(() => (trip++ === fatal ? fate : 'works'))
  }
}

describe('two runs of one seed at once', () => {
  it('take every record once, live as in a rebuild', async () => {
    const { writer, floor } = await cutGraph(150)
    await forget(writer)
    await Promise.all([1, 2, 3].map(() => live(writer, copies)))
    await expectMirrored(writer, floor)
    const id = await begin(writer, copies)
    await Promise.all([1, 2, 3].map(() => run(writer, copies, id)))
    expect(await stateOf(writer, id)).toBe('done')
    await expectMirrored(writer, floor)
  })
})

/** A database that does something after each read of a page and before what comes of it is written. */
function between(happens: () => Promise<unknown>): Database {
  return {
    ...shard.database,
    batch: async (tenantId, statements, options) => {
      const rows = await shard.database.batch(tenantId, statements, options)
      if (options?.mode === 'snapshot') await happens()
      return rows
    },
  }
}

describe(`a seed beside writes (seed ${seed})`, () => {
  it('of a rebuild begins anew each time a month is dropped, and is right in the end', async () => {
    const random = randomFrom(seed)
    const { writer, floor } = await cutGraph(150, seed)
    const id = await begin(writer, copies)
    const numbers = await begin(writer, narrow)
    let dropped = floor
    let drops = 0
    let stop = writer.head + 150
    // Months go one after the other, as far as is read live, and at any time.
    const database = between(async () => {
      if (random() < 0.3 && writer.head < stop) {
        await writeOn(shard, writer, random, 3)
        await live(writer, narrow)
        await live(writer, copies)
      }
      if (random() < 0.15 && dropped < writer.head) {
        dropped += Math.ceil(random() * (writer.head - dropped))
        drops += 1
        await dropUpTo(shard, writer, dropped)
      }
      if (drops > 10) stop = 0
    })
    const undisturbed = async () => {
      await live(writer, narrow)
      return counted(writer)
    }
    expect(await run(writer, copies, id, database)).toEqual({ end: 'rested' })
    await live(writer, copies)
    const { mirrored, truth } = await mirrorAndTruth(shard, writer.graph.graphId)
    expect(mirrored).toEqual(truth)
    const before = await undisturbed()
    expect(await run(writer, narrow, numbers)).toEqual({ end: 'rested' })
    expect(await counted(writer)).toEqual(before)
    expect([await stateOf(writer, id), await stateOf(writer, numbers)]).toEqual(['done', 'done'])
    expect(drops).toBeGreaterThan(0)
  })

  it('of a new consumer is taken as of its beginning, whatever is written meanwhile', async () => {
    const random = randomFrom(seed + 2)
    const { writer, floor } = await cutGraph(150, seed + 2)
    await forget(writer)
    const database = between(async () => {
      if (random() < 0.5 && writer.head < 400) await writeOn(shard, writer, random, 4)
    })
    expect(await live(writer, copies, database)).toEqual({ end: 'rested' })
    await live(writer, copies)
    await expectMirrored(writer, floor)
  })
})

/** A rebuild by whom the rows of a month are missed, which is dropped in the midst of a read. */
async function rebuildWhileMonthGoes(isOfIt: (results: Row[][]) => boolean): Promise<void> {
  const { writer } = await cutGraph(120, seed + 3)
  // So that the last page, that of types, has an event to miss.
  await writer.commit({ types: [defineType('late')] })
  const id = await begin(writer, copies)
  let isDropped = false
  const database: Database = {
    ...shard.database,
    batch: async (tenantId, statements, options) => {
      const results = await shard.database.batch(tenantId, statements, options)
      if (isDropped || options?.mode !== 'snapshot' || !isOfIt(results)) return results
      // As in a snapshot that is older than the drop: the floor is where it was, the events are gone.
      isDropped = true
      await dropUpTo(shard, writer, writer.head - 1)
      const gone = results.at(-1)?.some((row) => 'edge' in row) ? [{ edge: null }] : []
      return [...results.slice(0, -1), gone]
    },
  }
  expect(await run(writer, copies, id, database)).toEqual({ end: 'rested' })
  expect([isDropped, await stateOf(writer, id)]).toEqual([true, 'done'])
  await expectMirrored(writer, writer.head - 1)
}

describe('a month that is dropped while a rebuild reads of it', () => {
  it.each<[string, (results: Row[][]) => boolean]>([
    [
      'a page of the seed',
      ([, , records, events]) => !!records?.length && 'edge' in (events?.[0] ?? {}),
    ],
    [
      'the last page of the seed',
      ([, , , events]) => events?.[0]?.key?.toString().includes(':') === true,
    ],
    [
      'events',
      ([, replays]) => Number(replays?.[0]?.from_seq) > 0 && Number(replays?.[0]?.seq) > 0,
    ],
  ])('lets it begin anew, when it has read %s', async (_what, isOfIt) => {
    await rebuildWhileMonthGoes(isOfIt)
  })
})

describe('retention', () => {
  it('waits for a consumer that is at its seed, and not for a rebuild', async () => {
    const writer = await newGraph(60)
    await age(shard, writer, [
      { month: '2024-04', upTo: 20 },
      { month: '2024-05', upTo: 40 },
    ])
    await live(writer, copies)
    const drop = () => dropOldEvents(shard.database, { keepDays: 31, consumers: ['mirror'] })
    // Graphs of other tests keep nothing back: none of their events is so old.
    await dropUpTo(shard, writer, 10)
    await forget(writer)
    await consume(deps(), copies, writer.graph, { ...budget, maxPages: 2 })
    expect(await drop()).toBe(0)
    await live(writer, copies)
    const id = await begin(writer, copies)
    await runReplay(deps(), () => copies, writer.graph, id, 'mirror', { ...budget, maxPages: 2 })
    expect(await drop()).toBe(2)
    await run(writer, copies, id)
    await expectMirrored(writer, 40)
  })

  it('that went past a consumer, which was taken away, lets it begin anew when it comes back', async () => {
    const writer = await newGraph(60)
    await consume(deps(), copies, writer.graph, { ...budget, maxPages: 2 })
    const id = await begin(writer, copies)
    await dropUpTo(shard, writer, 30)
    expect(await live(writer, copies)).toEqual({ end: 'rested' })
    await expectMirrored(writer, 30)
    expect(await stateOf(writer, id)).toBe('failed')
    expect(await run(writer, copies, id)).toEqual({ end: 'rested' })
    await expectMirrored(writer, 30)
  })
})

describe('a page of a seed', () => {
  it('ends with a subject that has more events than a page, whatever else has its id', async () => {
    const writer = await newGraph(20)
    const [hot, other] = [randomUUID(), randomUUID()]
    await writer.commit({
      entities: [createEntity({ id: other }), createEntity({ id: hot, op: 1 })],
    })
    const ends = { from: { id: other }, to: { id: other } }
    await writer.commit({ relationships: [createRelationship(ends, { id: hot })] })
    const floor = writer.head
    let version = floor
    for (let i = 0; i < 20; i += 1) {
      const changed = update({ id: hot }, version, { properties: { i } })
      const [done] = await writer.commit({ relationships: [changed] })
      version = done && 'version' in done ? done.version : 0
    }
    await writer.commit({ entities: [update({ id: hot }, floor - 1, { properties: { late: 1 } })] })
    await writer.commit({ relationships: [remove({ id: hot })] })
    await dropUpTo(shard, writer, floor)
    await live(writer, copies)
    await expectMirrored(writer, floor)
    // It was there in the seed, both of them were: nothing of the present shows it any more.
    const { owner } = shard
    await forget(writer)
    await seedOnly(writer)
    const { rows } = await owner.query<{ key: string; i: unknown }>(
      `select split_part(key, ' ', 1) as key, image -> 'properties' as i from mirror
        where graph_id = $1 and key like '% ' || $2 || ' %' and key not like 'relationship % ' || $2
        order by 1`,
      [writer.graph.graphId, hot],
    )
    expect(rows).toEqual([
      { key: 'entity', i: {} },
      { key: 'relationship', i: {} },
    ])
  })
})

/** Takes a seed to its end, and no event. */
async function seedOnly(writer: GraphWriter): Promise<void> {
  for (let pages = 0; pages < 100; pages += 1) {
    await consume(deps(), copies, writer.graph, { ...budget, maxPages: 1 })
    const { rows } = await shard.owner.query<{ seq: number }>(
      `select seq::int from checkpoints where graph_id = $1 and consumer = 'mirror'`,
      [writer.graph.graphId],
    )
    if (rows[0] && rows[0].seq > 0) return
  }
  throw new Error('the seed does not come to its end')
}
