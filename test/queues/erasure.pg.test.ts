import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { GraphAddress } from '../../core/log/address.ts'
import { graphLogStore } from '../../db/commit/graph-log-store.ts'
import { listParked } from '../../db/queries/consumers.ts'
import { beginReplay, getReplay } from '../../db/queries/replays.ts'
import { consume } from '../../queues/consume.ts'
import { statistics } from '../../queues/consumers/statistics.ts'
import { runReplay } from '../../queues/replay.ts'
import {
  content,
  createEntity,
  createRelationship,
  remove,
  request,
} from '../contracts/graph-log-store/requests.ts'
import { createMigrated, type MigratedDatabase } from '../harness/databases.ts'
import { randomFrom } from '../harness/random.ts'
import { GraphWriter } from './harness/graph-writer.ts'
import { createLedger, ledgerConsumer } from './harness/ledger.ts'
import {
  activityAnew,
  activityByConsumer,
  countedAnew,
  countedByConsumer,
} from './harness/statistics-truth.ts'

let shard: MigratedDatabase

beforeAll(async () => {
  shard = await createMigrated('shard')
  await createLedger(shard)
})

afterAll(() => shard.drop())

const budget = { maxPages: 1_000, untilMs: Number.POSITIVE_INFINITY }
const deps = () => ({ now: () => 0, random: () => 0, shard: shard.database })

/** Of records: what the log itself takes is less after an erasure than was counted before. */
async function records(counted: Promise<readonly { readonly kind: string }[]>) {
  return (await counted).filter(({ kind }) => kind !== 'event')
}

async function commit(graph: GraphAddress, parts: Parameters<typeof request>[0]): Promise<void> {
  const store = graphLogStore(shard.database, graph)
  const log = await store.open([])
  if (!log) throw new Error('the graph is not there')
  const { answers } = await store.commit(log.fence, [request(parts)])
  if (answers[0]?.status !== 'committed') throw new Error(JSON.stringify(answers))
}

it.each([
  ['nothing', 0],
  ['the creation, not the deletion', 1],
  ['all of it', 2],
])('statistics stay right when they had read %s of what is erased', async (_what, until) => {
  const { graph } = await GraphWriter.create(shard, randomFrom(until))
  const [ada, bob] = [randomUUID(), randomUUID()]
  const take = () => consume(deps(), statistics, graph, budget)
  await commit(graph, {
    entities: [
      createEntity({
        id: ada,
        externalId: 'é',
        content: content({ name: 'Ada', properties: { a: 'ü' } }),
      }),
      createEntity({ op: 1, id: bob, content: content({ name: 'Bob' }) }),
    ],
    relationships: [
      createRelationship(
        { from: { op: 0 }, to: { op: 1 } },
        {
          op: 2,
          externalId: 'r',
          content: content({ properties: { note: 'long enough to matter' } }),
        },
      ),
    ],
  })
  if (until === 1) await take()
  await commit(graph, { entities: [remove({ id: ada })] })
  if (until === 2) await take()
  await commit(graph, { erase: { refs: [{ op: 0, id: ada }], reason: null } })
  await commit(graph, { purge: ['g'] })
  await take()

  const right = await records(countedAnew(shard, graph.graphId))
  expect(right).toMatchObject([{ kind: 'entity', count: 1 }])
  expect(await records(countedByConsumer(shard, graph.graphId))).toEqual(right)
  expect(await activityByConsumer(shard, graph.graphId)).toEqual(
    await activityAnew(shard, graph.graphId),
  )
  expect(await listParked(shard.database, graph, 'statistics', 0, 10)).toEqual([])

  // Read anew, the log says the same, and of itself what it takes now.
  const id = randomUUID()
  await shard.database.batch(
    graph.tenantId,
    beginReplay(graph, {
      ...{ id, consumer: 'statistics', rebuilds: true, createdAt: new Date().toISOString() },
      ...{ fromSeq: 1, toSeq: null, eventsPerSecond: null },
    }),
  )
  await runReplay(deps(), () => statistics, graph, id, 'statistics', budget)
  expect((await getReplay(shard.database, graph, id))?.state).toBe('done')
  expect(await countedByConsumer(shard, graph.graphId)).toEqual(
    await countedAnew(shard, graph.graphId),
  )
})

it('a consumer of images takes erased events in their form', async () => {
  const { graph } = await GraphWriter.create(shard, randomFrom(7))
  const id = randomUUID()
  await commit(graph, { entities: [createEntity({ id, content: content({ name: 'Ada' }) })] })
  await commit(graph, { entities: [remove({ id })] })
  await commit(graph, { erase: { refs: [{ op: 0, id }], reason: 'asked for' } })
  expect(await consume(deps(), ledgerConsumer('ledger', 10), graph, budget)).toEqual({
    end: 'rested',
  })
  expect(await listParked(shard.database, graph, 'ledger', 0, 10)).toEqual([])
})
