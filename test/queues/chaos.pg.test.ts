import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Database } from '../../db/client.ts'
import type { Consumer } from '../../queues/consumer.ts'
import { statistics } from '../../queues/consumers/statistics.ts'
import { type DispatchDeps, dispatchPointers } from '../../queues/dispatch.ts'
import { BACKLOG_QUEUE, LIVE_QUEUE, pointerTo } from '../../queues/messages.ts'
import { sweep } from '../../queues/sweep.ts'
import { createMigrated, type MigratedDatabase } from '../harness/databases.ts'
import { randomFrom } from '../harness/random.ts'
import { type Fate, untilDeath } from './harness/crashing-database.ts'
import { FakeQueue } from './harness/fake-queue.ts'
import { GraphWriter, SHARD } from './harness/graph-writer.ts'
import { createLedger, ledgerConsumer, ledgerProblems } from './harness/ledger.ts'
import {
  activityAnew,
  activityByConsumer,
  countedAnew,
  countedByConsumer,
} from './harness/statistics-truth.ts'

/** More where too few of the mishaps have happened, which is a matter of chance. */
const EVENTS = Number(process.env.TENDRIL_CONSUMER_EVENTS ?? 100_000)
const MOST_EVENTS = Math.max(3 * EVENTS, 100_000)
const MISHAPS = 10
const GRAPHS = 12
const WORKERS = 4
const seed = Number(process.env.TENDRIL_SEED ?? 7)

let shard: MigratedDatabase

beforeAll(async () => {
  shard = await createMigrated('shard')
  await createLedger(shard)
})

afterAll(() => shard.drop())

/** A few in a thousand: the rest of the work has to get on. */
function fates(random: () => number): () => Fate {
  return () => {
    const roll = random()
    if (roll < 0.01) return 'dies_before'
    if (roll < 0.02) return 'dies_after'
    if (roll < 0.03) return 'cut_before'
    return roll < 0.04 ? 'cut_after' : 'works'
  }
}

/** Something outside of the database, which is told of events more than once and counts each once. */
class Receiver {
  readonly #seqs = new Map<string, Set<number>>()
  repeats = 0

  readonly consumer: Consumer = {
    name: 'outside',
    pageEvents: 400,
    reads: 'images',
    projection: null,
    seed: null,
    deliver: async ({ graph: { graphId } }, events) => {
      const seqs = this.#seqs.get(graphId) ?? new Set()
      this.#seqs.set(graphId, seqs)
      for (const { seq } of events) {
        if (seqs.has(seq)) this.repeats += 1
        seqs.add(seq)
      }
    },
    effect: () => [],
  }

  /** In the order in which they came first. */
  seqsOf(graphId: string): number[] {
    return [...(this.#seqs.get(graphId) ?? [])]
  }
}

it(`${EVENTS} events through a queue that loses, doubles and shuffles, to consumers that die: each once, in order, none lost`, {
  timeout: 900_000,
}, async () => {
  const random = randomFrom(seed)
  const queue = new FakeQueue(random, { loss: 0.1, double: 0.2, ackLoss: 0.05 })
  const writers: GraphWriter[] = []
  for (let i = 0; i < GRAPHS; i += 1) {
    const writer = await GraphWriter.create(shard, random)
    await writer.write(50)
    writers.push(writer)
  }
  /** Refused by the second ledger, whatever the graph. */
  const isPoison = (seq: number) => seq % 1_999 === 0
  const ledgers = [ledgerConsumer('ledger', 500), ledgerConsumer('picky', 300, isPoison)]
  const outside = new Receiver()
  const deps = (database: Database): DispatchDeps => ({
    shard: () => database,
    anyShard: () => database,
    consumers: [statistics, ...ledgers, outside.consumer],
    send: queue.send,
    now: Date.now,
    random,
    onFailure: () => {},
  })
  let written = 0
  let deaths = 0
  let isWritten = false
  /** Of the rarest kind. */
  const mishaps = () =>
    Math.min(outside.repeats, deaths, queue.count.lost, queue.count.doubled, queue.count.again)

  async function write(): Promise<void> {
    while (written < EVENTS || (written < MOST_EVENTS && mishaps() <= MISHAPS)) {
      // Half of all is written to one graph.
      const pick = random() < 0.5 ? 0 : Math.floor(random() * GRAPHS)
      const writer = writers[pick]
      if (!writer) continue
      const before = writer.head
      await writer.write(1 + Math.floor(random() * 600))
      written += writer.head - before
      await queue.send('live', pointerTo(writer.graph), 0)
    }
    isWritten = true
  }

  const fateOf = fates(random)
  async function work(): Promise<void> {
    for (;;) {
      const { messages, settle } = queue.take(1 + Math.floor(random() * 5))
      if (messages.length > 0) {
        const name = random() < 0.5 ? LIVE_QUEUE : BACKLOG_QUEUE
        const hasDied = await untilDeath(shard.database, fateOf, (database) =>
          dispatchPointers(deps(database), name, messages),
        )
        if (hasDied) deaths += 1
        settle()
      } else if (isWritten && (await sweep(deps(shard.database), SHARD, 0)) === 0) return
      else await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  await Promise.all([write(), ...Array.from({ length: WORKERS }, work)])

  const { rows: parked } = await shard.owner.query<{
    graph: string
    seq: number
    consumer: string
  }>('select graph_id as graph, seq::int, consumer from parked_events order by graph_id, seq')
  const expectedParked: typeof parked = []
  let total = 0
  for (const { graph, head } of writers) {
    const { graphId } = graph
    total += head
    const bad = Array.from({ length: head }, (_, i) => i + 1).filter(isPoison)
    expectedParked.push(...bad.map((seq) => ({ graph: graphId, seq, consumer: 'picky' })))
    expect(await ledgerProblems(shard, 'ledger', graphId), 'ledger').toEqual([])
    expect(outside.seqsOf(graphId)).toEqual(Array.from({ length: head }, (_, i) => i + 1))
    expect(await ledgerProblems(shard, 'picky', graphId, bad), 'picky').toEqual([])
    expect(await countedByConsumer(shard, graphId)).toEqual(await countedAnew(shard, graphId))
    expect(await activityByConsumer(shard, graphId)).toEqual(await activityAnew(shard, graphId))
  }
  expect(total).toBeGreaterThanOrEqual(EVENTS)
  const byGraph = (a: { graph: string; seq: number }, b: { graph: string; seq: number }) =>
    a.graph === b.graph ? a.seq - b.seq : a.graph < b.graph ? -1 : 1
  expect(parked).toEqual(expectedParked.sort(byGraph))
  // Otherwise nothing of this was shown.
  expect(mishaps()).toBeGreaterThan(MISHAPS)
  // A message may well fail each time it comes; what it pointed to was found otherwise.
  const { rows: letters } = await shard.owner.query('select distinct reason from dead_letters')
  for (const { reason } of letters) expect(reason).toBe('the database did not answer')
})
