import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { graphId, type TenantId, tenantId } from '../../core/ids.ts'
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
