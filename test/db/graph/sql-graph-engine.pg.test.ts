import { afterAll, beforeAll, describe } from 'vitest'
import { sqlGraphEngine } from '../../../db/graph/sql-graph-engine.ts'
import { graphEngineContract } from '../../contracts/graph-engine.contract.ts'
import { createMigrated, type MigratedDatabase } from '../../harness/databases.ts'
import { storeGraph } from './stored-graph.ts'

let shard: MigratedDatabase

beforeAll(async () => {
  shard = await createMigrated('shard')
})
afterAll(() => shard.drop())

describe('the graph engine in SQL', () => {
  graphEngineContract(async (contents) => {
    const graph = await storeGraph(shard, contents)
    return sqlGraphEngine({
      ...{ shard: shard.database, graph, now: Date.now },
      ...{ weightPath: ['cost'], where: null },
    })
  }, 40)
})
