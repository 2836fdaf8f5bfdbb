import { randomUUID } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { consume, MAX_ATTEMPTS } from '../../queues/consume.ts'
import type { Consumer } from '../../queues/consumer.ts'
import { statistics } from '../../queues/consumers/statistics.ts'
import { storeDeadLetters } from '../../queues/dead-letters.ts'
import { type DispatchDeps, dispatchPointers, type QueueMessage } from '../../queues/dispatch.ts'
import {
  BACKLOG_QUEUE,
  DEAD_QUEUE,
  type Lane,
  LIVE_QUEUE,
  type Pointer,
  pointerTo,
  toMessage,
} from '../../queues/messages.ts'
import { prepareRetry } from '../../queues/parked.ts'
import { sweep } from '../../queues/sweep.ts'
import { createMigrated, type MigratedDatabase } from '../harness/databases.ts'
import { randomFrom } from '../harness/random.ts'
import { crashingDatabase } from './harness/crashing-database.ts'
import { GraphWriter, SHARD } from './harness/graph-writer.ts'
import { createLedger, ledgerConsumer, ledgerProblems } from './harness/ledger.ts'
import { countedAnew, countedByConsumer } from './harness/statistics-truth.ts'

let shard: MigratedDatabase

beforeAll(async () => {
  shard = await createMigrated('shard')
  await createLedger(shard)
})

afterAll(() => shard.drop())

const budget = { maxPages: 100, untilMs: Number.POSITIVE_INFINITY }
const deps = () => ({ now: () => 0, random: () => 0, shard: shard.database })

async function newGraph(events: number): Promise<GraphWriter> {
  const writer = await GraphWriter.create(shard, randomFrom(events))
  while (writer.head < events) await writer.write(10)
  return writer
}

async function checkpointOf({ graph }: GraphWriter, consumer: string) {
  const { rows } = await shard.owner.query(
    `select seq::int, attempts::int, generation::int, reason, history_id,
        not_before > now() as waits from checkpoints where graph_id = $1 and consumer = $2`,
    [graph.graphId, consumer],
  )
  return rows[0]
}

/** As if the time until the next attempt had passed. */
async function passTime({ graph }: GraphWriter): Promise<void> {
  await shard.owner.query('update checkpoints set not_before = null where graph_id = $1', [
    graph.graphId,
  ])
}

const parkedOf = async ({ graph }: GraphWriter) =>
  (
    await shard.owner.query(
      'select consumer, seq::int, reason, attempts::int from parked_events where graph_id = $1',
      [graph.graphId],
    )
  ).rows

describe('an event whose effect fails', () => {
  it('is tried again later and later, and parked in the end, and the rest is taken', async () => {
    let isAway = true
    const consumer: Consumer = {
      ...ledgerConsumer('far', 10),
      deliver: async (_place: unknown, events: readonly { readonly seq: number }[]) => {
        if (isAway && events.some(({ seq }) => seq >= 13)) throw new Error('the receiver is away')
      },
    }
    const writer = await newGraph(30)
    let waitedMs = 0
    for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt += 1) {
      const outcome = await consume(deps(), consumer, writer.graph, budget)
      if (outcome.end !== 'waiting') throw new Error(outcome.end)
      expect(outcome.waitMs).toBeGreaterThanOrEqual(waitedMs)
      waitedMs = outcome.waitMs
      expect(await checkpointOf(writer, 'far')).toMatchObject({
        seq: 12,
        attempts: attempt,
        reason: 'the receiver is away',
        waits: true,
      })
      // Too early, whoever comes leaves it alone.
      expect(await consume(deps(), consumer, writer.graph, budget)).toEqual({ end: 'deferred' })
      await passTime(writer)
    }
    // The last attempt parks event 13; event 14 has the same trouble, and its own attempts.
    expect((await consume(deps(), consumer, writer.graph, budget)).end).toBe('waiting')
    expect(await checkpointOf(writer, 'far')).toMatchObject({ seq: 13, attempts: 1 })
    isAway = false
    await passTime(writer)
    expect(await consume(deps(), consumer, writer.graph, budget)).toEqual({ end: 'rested' })
    expect(await parkedOf(writer)).toEqual([
      { consumer: 'far', seq: 13, reason: 'the receiver is away', attempts: MAX_ATTEMPTS },
    ])
    expect(await ledgerProblems(shard, 'far', writer.graph.graphId, [13])).toEqual([])
  })

  it('of a form that this release does not know is parked alone, and can be taken later', async () => {
    const writer = await newGraph(40)
    const { graphId, tenantId } = writer.graph
    await shard.owner.query(
      'update events set schema_version = 9 where graph_id = $1 and seq in (7, 8, 31)',
      [graphId],
    )
    await consume(deps(), statistics, writer.graph, budget)
    const parked = await parkedOf(writer)
    expect(parked.map(({ seq }) => seq)).toEqual([7, 8, 31])
    expect(parked[0]?.reason).toMatch(/^event 7: \S+ has no form 9$/)

    expect(await prepareRetry(shard.database, statistics, writer.graph, 7)).toMatchObject({
      status: 'refused',
    })
    expect((await parkedOf(writer)).find(({ seq }) => seq === 7)).toMatchObject({ attempts: 2 })
    await shard.owner.query('update events set schema_version = null where graph_id = $1', [
      graphId,
    ])
    for (const seq of [7, 8, 31]) {
      const retry = await prepareRetry(shard.database, statistics, writer.graph, seq)
      if (retry?.status !== 'ready') throw new Error('it is refused')
      await shard.database.batch(tenantId, retry.statements)
      // Whoever prepared the same does nothing.
      await expect(shard.database.batch(tenantId, retry.statements)).rejects.toMatchObject({
        certain: true,
      })
    }
    expect(await parkedOf(writer)).toEqual([])
    expect(await countedByConsumer(shard, graphId)).toEqual(await countedAnew(shard, graphId))
  })
})

describe('a statement that is wrong', () => {
  it('is tried again later and later, and parks nothing, however long it is so', async () => {
    const sound = ledgerConsumer('wrong', 10)
    const writer = await newGraph(20)
    const wrong: Consumer = { ...sound, effect: () => [sql`select from nowhere`] }
    for (let attempt = 1; attempt <= MAX_ATTEMPTS + 2; attempt += 1) {
      expect(await consume(deps(), wrong, writer.graph, budget)).toMatchObject({
        end: 'waiting',
        reason: 'the database refused it: SQLSTATE 42P01',
      })
      await passTime(writer)
    }
    expect(await parkedOf(writer)).toEqual([])
    await consume(deps(), sound, writer.graph, budget)
    expect(await ledgerProblems(shard, 'wrong', writer.graph.graphId)).toEqual([])
  })
})

describe('a log with a gap', () => {
  it('is not read past it, and says so', async () => {
    const consumer = ledgerConsumer('gap', 10)
    const writer = await newGraph(20)
    await shard.owner.query('delete from events where graph_id = $1 and seq = 5', [
      writer.graph.graphId,
    ])
    const outcome = await consume(deps(), consumer, writer.graph, budget)
    expect(outcome).toMatchObject({ end: 'waiting', reason: expect.stringContaining('event 5') })
    expect(await checkpointOf(writer, 'gap')).toMatchObject({ seq: 0, attempts: 1 })
  })
})

describe('a graph with another history', () => {
  it('is read anew, and what was counted of the old one is gone', async () => {
    const writer = await newGraph(10)
    const { graphId } = writer.graph
    const before = await countedAnew(shard, graphId)
    const head = writer.head
    await writer.write(20)
    await consume(deps(), statistics, writer.graph, budget)
    // Restored to an earlier time: with fewer events, under another history.
    await shard.owner.query('delete from events where graph_id = $1 and seq > $2', [graphId, head])
    const history = randomUUID()
    await shard.owner.query('update graphs set seq = $3, history_id = $2 where id = $1', [
      graphId,
      history,
      head,
    ])
    await consume(deps(), statistics, writer.graph, budget)
    expect(await checkpointOf(writer, 'statistics')).toMatchObject({
      seq: head,
      generation: 2,
      history_id: history,
    })
    expect(await countedByConsumer(shard, graphId)).toEqual(before)
    const { rows } = await shard.owner.query(
      'select distinct generation::int from graph_statistics where graph_id = $1',
      [graphId],
    )
    expect(rows).toEqual([{ generation: 2 }])
  })
})

type Settled = { readonly acked: string[]; readonly retried: Map<string, number | undefined> }

function messages(bodies: readonly unknown[], attempts: number, settled: Settled): QueueMessage[] {
  return bodies.map((body) => {
    const id = randomUUID()
    return {
      id,
      body,
      attempts,
      ack: () => settled.acked.push(id),
      retry: (options) => settled.retried.set(id, options?.delaySeconds),
    }
  })
}

function dispatching(consumers: readonly Consumer[], isDown = () => false) {
  const sent: { lane: Lane; pointer: Pointer; delaySeconds: number }[] = []
  const settled: Settled = { acked: [], retried: new Map() }
  const database = crashingDatabase(
    shard.database,
    () => (isDown() ? 'cut_before' : 'works'),
    () => {},
  )
  const dispatch: DispatchDeps = {
    shard: (id) => {
      if (id !== SHARD) throw new Error(`TENDRIL_SHARDS does not name the shard ${id}`)
      return database
    },
    anyShard: () => database,
    consumers,
    send: async (lane, pointer, delaySeconds) => {
      sent.push({ lane, pointer, delaySeconds })
    },
    now: () => 0,
    random: () => 0,
    onFailure: () => {},
  }
  return { dispatch, sent, settled }
}

const lettersOf = async (graphId: string) =>
  (
    await shard.owner.query(
      'select queue, message, reason, attempts::int from dead_letters where graph_id = $1',
      [graphId],
    )
  ).rows

describe('a message', () => {
  it('of several of one graph is followed once, and all are acknowledged', async () => {
    const writer = await newGraph(20)
    const { dispatch, sent, settled } = dispatching([ledgerConsumer('many', 10)])
    const bodies = Array.from({ length: 5 }, () => toMessage(pointerTo(writer.graph)))
    await dispatchPointers(dispatch, LIVE_QUEUE, messages(bodies, 1, settled))
    expect([settled.acked.length, settled.retried.size, sent.length]).toEqual([5, 0, 0])
    expect(await ledgerProblems(shard, 'many', writer.graph.graphId)).toEqual([])
  })

  it('of a long log takes its share, and the rest goes to the end of the other line', async () => {
    const writer = await newGraph(100)
    const consumer = ledgerConsumer('long', 10)
    const { dispatch, sent, settled } = dispatching([consumer, ledgerConsumer('short', 100)])
    const body = toMessage(pointerTo(writer.graph))
    await dispatchPointers(dispatch, LIVE_QUEUE, messages([body], 1, settled))
    expect(sent).toEqual([
      {
        lane: 'backlog',
        pointer: { graph: writer.graph, consumer: 'long', replay: null },
        delaySeconds: 0,
      },
    ])
    expect(await checkpointOf(writer, 'long')).toMatchObject({ seq: 40 })
  })

  it('while the database is away is given back with a growing delay, then goes to the dead', async () => {
    const writer = await newGraph(10)
    let isDown = true
    const consumer = ledgerConsumer('away', 10)
    const { dispatch, settled } = dispatching([consumer], () => isDown)
    const body = toMessage(pointerTo(writer.graph))
    for (const attempts of [1, 2, 3, 9]) {
      await dispatchPointers(dispatch, BACKLOG_QUEUE, messages([body], attempts, settled))
    }
    expect(settled.acked).toEqual([])
    expect([...settled.retried.values()]).toEqual([1, 1, 2, 128])
    // The platform has moved it, and the database is back.
    const dead = messages([body, body], 1, settled)
    await storeDeadLetters(dispatch, dead)
    expect(settled.acked).toEqual([])
    isDown = false
    await storeDeadLetters(dispatch, dead)
    await storeDeadLetters(dispatch, dead)
    expect(await lettersOf(writer.graph.graphId)).toEqual(
      [1, 2].map(() => ({
        queue: DEAD_QUEUE,
        message: body,
        reason: expect.stringContaining('no attempt succeeded'),
        attempts: 1,
      })),
    )
  })

  it('that nobody can follow goes to the dead with its reason', async () => {
    const writer = await newGraph(10)
    const { dispatch, settled } = dispatching([ledgerConsumer('nowhere', 10)])
    const elsewhere = { ...toMessage(pointerTo(writer.graph)), shard_id: 'gone' }
    const unknown = { ...toMessage(pointerTo(writer.graph)), v: 2 }
    for (const attempts of [1, 2]) {
      await dispatchPointers(
        dispatch,
        LIVE_QUEUE,
        messages([elsewhere, unknown, 'nonsense'], attempts, settled),
      )
    }
    expect([settled.retried.size, settled.acked.length]).toEqual([3, 3])
    const letters = await lettersOf(writer.graph.graphId)
    expect(letters.map(({ reason, message }) => [message.shard_id, message.v, reason])).toEqual(
      expect.arrayContaining([
        ['gone', 1, 'TENDRIL_SHARDS does not name the shard gone'],
        [SHARD, 2, 'this is no pointer to a log'],
      ]),
    )
    const nobody = '00000000-0000-0000-0000-000000000000'
    expect(await lettersOf(nobody)).toMatchObject([{ message: 'nonsense' }])
  })
})

describe('a sweep', () => {
  it('finds every log that is not read to its end, and no other', async () => {
    await shard.owner.query('update graphs set deleted_at = now()')
    const consumer = ledgerConsumer('swept', 10)
    const [read, unread, half, empty, failing] = [
      await newGraph(10),
      await newGraph(10),
      await newGraph(10),
      await GraphWriter.create(shard, randomFrom(1)),
      await newGraph(10),
    ]
    await consume(deps(), consumer, read.graph, budget)
    await consume(deps(), consumer, half.graph, budget)
    await half.write(5)
    await consume(
      deps(),
      {
        ...consumer,
        effect: () => {
          throw new Error('no')
        },
      },
      failing.graph,
      budget,
    )
    const { dispatch, sent } = dispatching([consumer])
    expect(await sweep(dispatch, SHARD, 0)).toBe(2)
    expect(sent.map(({ pointer }) => pointer.graph.graphId).sort()).toEqual(
      [unread.graph.graphId, half.graph.graphId].sort(),
    )
    expect(empty.head).toBe(0)
    // Somebody is at it: not more than a moment ago it was read.
    expect(await sweep(dispatch, SHARD, 3_600)).toBe(1)
  })
})
