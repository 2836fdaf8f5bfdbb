import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { graphId, type TenantId, tenantId } from '../../core/ids.ts'
import { MAX_CASCADE } from '../../core/log/commands.ts'
import { graphLogStore } from '../../db/commit/graph-log-store.ts'
import { COMMIT_INCONSISTENT } from '../../db/log-store.ts'
import {
  content,
  createEntity,
  remove,
  request,
  update,
} from '../contracts/graph-log-store/requests.ts'
import { type GraphUnderTest, Session } from '../contracts/graph-log-store/session.ts'
import { graphLogStoreContract } from '../contracts/graph-log-store.contract.ts'
import { createMigrated, type MigratedDatabase } from '../harness/databases.ts'
import { readGraphContents } from '../harness/graph-log/read-contents.ts'

let shard: MigratedDatabase

beforeAll(async () => {
  shard = await createMigrated('shard')
})

afterAll(() => shard.drop())

async function newGraph(): Promise<GraphUnderTest> {
  const tenant = tenantId(randomUUID())
  const graph = graphId(randomUUID())
  await shard.owner.query(
    'insert into graphs (tenant_id, id, history_id) values ($1, $2, gen_random_uuid())',
    [tenant, graph],
  )
  const storeOf = (tenantId: TenantId, epoch: number) =>
    graphLogStore(shard.database, { kind: 'graph', tenantId, graphId: graph, shardId: 's', epoch })
  return {
    store: storeOf(tenant, 1),
    storeAs: (other) => storeOf(other.tenantId ?? tenant, other.epoch ?? 1),
    contents: () => readGraphContents(shard.owner, tenant, graph),
    async setEpoch(epoch) {
      await shard.owner.query('update graphs set epoch = $2 where id = $1', [graph, epoch])
    },
    async markDeleted() {
      await shard.owner.query('update graphs set deleted_at = now() where id = $1', [graph])
    },
  }
}

describe('the log of a graph in PostgreSQL', () => graphLogStoreContract(newGraph))

describe('a commit that PostgreSQL or the statement itself refuses', () => {
  it.each([
    ['the character NUL', '\0'],
    ['half a surrogate pair', '\ud800'],
  ])('fails for certain and writes nothing: %s', async (_title, text) => {
    const session = await Session.open(await newGraph())
    await session.entity()
    const before = await session.graph.contents()
    const fine = request({ entities: [createEntity()] })
    const bad = request({ entities: [createEntity({ content: content({ name: text }) })] })
    const commit = session.commit(fine, bad)
    await expect(commit).rejects.toMatchObject({ name: 'DatabaseError', certain: true })
    expect(await session.graph.contents()).toEqual(before)
  })

  it('raises rather than write one row for two events', async () => {
    const session = await Session.open(await newGraph())
    const { id } = await session.entity({ externalId: 'x' })
    const before = await session.graph.contents()
    const twice = [
      update({ id }, 1, { name: 'one' }),
      update({ externalId: 'x' }, 1, { name: 'two' }, 1),
    ]
    const goneTwice = [remove({ id }), remove({ externalId: 'x' }, null, 1)]
    for (const entities of [twice, goneTwice]) {
      const commit = session.commit(request({ entities }))
      await expect(commit).rejects.toMatchObject({ sqlState: COMMIT_INCONSISTENT, certain: true })
    }
    expect(await session.graph.contents()).toEqual(before)
  })
})

describe('a request that deletes many entities with too many relationships', () => {
  it('is told of them as far as it is looked into, and everything after that stays', async () => {
    const session = await Session.open(await newGraph())
    const ids = (await session.done({ entities: entitiesOf(12) })).map(({ id }) => id)
    const [lonely = '', ...hubs] = ids
    // Behind the log's back: the log of 100,000 relationships would take longer than all else here.
    await shard.owner.query(
      `insert into relationships (tenant_id, graph_id, id, type, from_id, to_id, properties, version,
         created_seq, created_at, updated_at)
       select tenant_id, graph_id, gen_random_uuid(), 'knows', id, id, '{}', 1,
         10000 * array_position($1::uuid[], id) + i + 12 * i, now(), now()
       from entities, generate_series(1, $2::int) as i where id = any($1::uuid[])`,
      [hubs.slice(0, 10), MAX_CASCADE],
    )
    const { results } = await session.committed({
      atomic: false,
      entities: [lonely, ...hubs].map((id, op) => remove({ id }, null, op)),
    })
    const outcomes = new Map(results.map((result) => [result.op, result]))
    expect(outcomes.get(0)).toMatchObject({ outcome: 'deleted' })
    // The first hub has just as many as may go, and the last one is never reached.
    expect(outcomes.get(1)).toMatchObject({ outcome: 'deleted' })
    for (let op = 2; op < 12; op += 1) {
      expect(outcomes.get(op)).toMatchObject({ refused: 'too_many_relationships' })
    }
  })
})

function entitiesOf(count: number) {
  return Array.from({ length: count }, (_, op) => createEntity({ op }))
}
