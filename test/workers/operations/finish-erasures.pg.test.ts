import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../../db/client.ts'
import { eraseRest } from '../../../db/commit/erase-statement.ts'
import { finishErasures } from '../../../workers/operations/finish-erasures.ts'
import {
  content,
  createEntity,
  createRelationship,
  remove,
} from '../../contracts/graph-log-store/requests.ts'
import { createMigrated, type MigratedDatabase } from '../../harness/databases.ts'
import { type Fate, untilDeath } from '../../queues/harness/crashing-database.ts'
import { GraphWriter, SHARD } from '../../queues/harness/graph-writer.ts'

let shard: MigratedDatabase

beforeAll(async () => {
  shard = await createMigrated('shard')
})

afterAll(() => shard.drop())

const SECRET = 'Ada Lovelace of Marylebone'

type Erased = { readonly writer: GraphWriter; readonly id: string; readonly seq: number }

/** A person who was deleted, with so many events more, and whose erasure broke off after its commit. */
async function begunErasure(events: number): Promise<Erased> {
  const { owner } = shard
  const writer = await GraphWriter.create(shard, () => 0)
  const head = 100 + events
  await owner.query('update graphs set seq = $2 where id = $1', [writer.graph.graphId, head])
  const [ada, bob] = [createEntity({ content: content({ name: SECRET }) }), createEntity({ op: 1 })]
  const results = await writer.commit({
    entities: [ada, bob],
    relationships: [
      createRelationship(
        { from: { op: 0 }, to: { op: 1 } },
        { op: 2, content: content({ properties: { note: SECRET } }) },
      ),
    ],
  })
  const id = results.flatMap((each) => ('id' in each && each.op === 0 ? [each.id] : []))[0] ?? ''
  await writer.commit({ entities: [remove({ id })] })
  // Behind the log's back: as if it had been changed so often.
  await owner.query(
    `insert into events (tenant_id, graph_id, seq, at, kind, subject_id, type, actor, request_id,
       commit_id, after)
     select tenant_id, graph_id, i, at, 'entity.updated', subject_id, type, actor, request_id, 'c', after
     from events, generate_series(1, $2::int) as i where graph_id = $1 and seq = $3`,
    [writer.graph.graphId, events, head + 1],
  )
  await writer.commit({ erase: { refs: [{ op: 0, id }], reason: null } })
  return { writer, id, seq: writer.head }
}

const finish = (database: Database = shard.database, isOver = () => false) =>
  finishErasures(database, SHARD, { isOver, idleSeconds: 0 })

async function legible({ writer }: Erased): Promise<number> {
  const { rowCount } = await shard.owner.query(
    'select from events v where graph_id = $1 and v::text like $2',
    [writer.graph.graphId, `%${SECRET}%`],
  )
  return rowCount ?? 0
}

async function unfinished(): Promise<number> {
  return (await shard.owner.query('select from unfinished_erasures')).rowCount ?? 0
}

describe('an erasure of more events than its commit can blank', () => {
  it('is finished though nobody asks for it again, of every tenant', async () => {
    const erased = [await begunErasure(12_000), await begunErasure(5_500)]
    expect(await Promise.all(erased.map(legible))).toEqual([7_004, 504])
    expect(await unfinished()).toBe(2)
    await finish()
    expect(await Promise.all(erased.map(legible))).toEqual([0, 0])
    expect(await unfinished()).toBe(0)
  })

  it('is finished though the id is in use again, of whose new events nothing is lost', async () => {
    const erased = await begunErasure(5_500)
    const name = 'Ada the Second'
    await erased.writer.commit({
      entities: [createEntity({ id: erased.id, content: content({ name }) })],
    })
    await finish()
    expect(await legible(erased)).toBe(0)
    const { rows } = await shard.owner.query(
      `select after ->> 'name' as name from events where graph_id = $1 and seq = $2`,
      [erased.writer.graph.graphId, erased.writer.head],
    )
    expect(rows).toEqual([{ name }])
  })

  it('is left to its own request for a time', async () => {
    const erased = await begunErasure(6_000)
    await finishErasures(shard.database, SHARD, { isOver: () => false })
    expect(await legible(erased)).toBeGreaterThan(0)
    const { writer, id, seq } = erased
    await eraseRest(shard.database, writer.graph, { seq, ids: [id] })
    expect([await legible(erased), await unfinished()]).toEqual([0, 0])
  })

  it('goes on in the next run when the time of one is over', async () => {
    const erased = await begunErasure(17_000)
    for (const [left, rows] of [
      [7_004, 1],
      [2_004, 1],
      [0, 1],
      [0, 0],
    ]) {
      let steps = 0
      await finish(shard.database, () => steps++ > 0)
      expect([await legible(erased), await unfinished()]).toEqual([left, rows])
    }
  })

  it('that cannot be finished now keeps no other from it', async () => {
    const erased = [await begunErasure(6_000), await begunErasure(6_000)]
    const [{ writer }] = erased as [Erased]
    const { database } = shard
    const refusing: Database = {
      ...database,
      batch: (tenant, ...args) =>
        tenant === writer.graph.tenantId
          ? Promise.reject(new Error('not this one'))
          : database.batch(tenant, ...args),
    }
    await expect(finish(refusing)).rejects.toThrow('not this one')
    expect(await Promise.all(erased.map(legible))).toEqual([1_004, 0])
    await finish()
    expect(await Promise.all(erased.map(legible))).toEqual([0, 0])
  })
})

describe('an erasure whose commit has blanked all', () => {
  it('leaves nothing to do', async () => {
    const erased = await begunErasure(100)
    expect([await legible(erased), await unfinished()]).toEqual([0, 0])
  })

  it('and no event less than it could is looked at once more', async () => {
    // Two of the person, two of the relationship.
    const erased = await begunErasure(4_996)
    expect([await legible(erased), await unfinished()]).toEqual([0, 1])
    await finish()
    expect(await unfinished()).toBe(0)
  })
})

it.each<Fate>(['dies_before', 'dies_after', 'cut_before', 'cut_after'])(
  'a sweep to which, at any one of its round trips, happens: %s, is made good by the next',
  async (fate) => {
    for (let fatal = 0; fatal < 3; fatal += 1) {
      const erased = await begunErasure(9_000)
      let trip = 0
      const fateOf = () => (trip++ === fatal ? fate : 'works')
      await untilDeath(shard.database, fateOf, (database) =>
        finish(database).catch(() => undefined),
      )
      expect(trip).toBeGreaterThan(fatal)
      await finish()
      expect([await legible(erased), await unfinished()]).toEqual([0, 0])
    }
  },
)
