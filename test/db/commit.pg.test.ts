import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe } from 'vitest'
import { graphId, type TenantId, tenantId } from '../../core/ids.ts'
import { graphLogStore } from '../../db/commit/graph-log-store.ts'
import type { GraphUnderTest } from '../contracts/graph-log-store/session.ts'
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
