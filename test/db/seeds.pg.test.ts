import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { graphId, tenantId } from '../../core/ids.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import { readSeedPage, type SeedKind } from '../../db/queries/seeds.ts'
import { createMigrated, type MigratedDatabase } from '../harness/databases.ts'
import { explaining, nodesOf } from '../harness/explained.ts'

const RECORDS = 20_000
const FLOOR = RECORDS

let shard: MigratedDatabase
let graph: GraphAddress
let historyId: string

beforeAll(async () => {
  shard = await createMigrated('shard')
  graph = {
    ...{ kind: 'graph', tenantId: tenantId(randomUUID()), graphId: graphId(randomUUID()) },
    ...{ shardId: 's', epoch: 1 },
  }
  const keys = [graph.tenantId, graph.graphId]
  const { owner } = shard
  historyId = randomUUID()
  await owner.query(
    `insert into graphs (tenant_id, id, history_id, seq, floor_seq) values ($1, $2, $3, ${2 * RECORDS}, ${FLOOR})`,
    [...keys, historyId],
  )
  await owner.query(`select tendril_add_event_partitions(now() - interval '6 months', 30)`)
  // Of all that is there, every second has changed since.
  const version = `case when i % 2 = 0 then i else ${FLOOR} + i end`
  await owner.query(
    `insert into entities (tenant_id, graph_id, id, type, name, name_key, properties, version,
        created_at, updated_at)
      select $1, $2, md5('e' || i)::uuid, 'type', 'n', 'n', '{}', ${version}, now(), now()
      from generate_series(1, ${RECORDS}) as i`,
    keys,
  )
  await owner.query(
    `insert into relationships (tenant_id, graph_id, id, type, from_id, to_id, properties, version,
        created_seq, created_at, updated_at)
      select $1, $2, md5('r' || i)::uuid, 'type', md5('e' || i)::uuid, md5('e' || i % 7)::uuid, '{}',
        ${version}, i, now(), now()
      from generate_series(1, ${RECORDS}) as i`,
    keys,
  )
  await owner.query(
    `insert into events (tenant_id, graph_id, seq, at, kind, subject_id, type, actor, request_id,
        commit_id, before, after)
      select $1, $2, ${FLOOR} + i, now() - (${RECORDS} - i) * interval '10 minutes',
        case when i % 4 = 1 then 'entity' else 'relationship' end || '.updated',
        md5(case when i % 4 = 1 then 'e' else 'r' end || i)::uuid, 'type', 'a', 'r', 'c',
        jsonb_build_object('properties', '{}'::jsonb, 'version', i), jsonb_build_object('properties', '{}'::jsonb)
      from generate_series(1, ${RECORDS}) as i`,
    keys,
  )
})

afterAll(() => shard.drop())

it.each<[SeedKind, string]>([
  ['entity', 'entities_tenant_id_graph_id_id_pk'],
  ['relationship', 'relationships_tenant_id_graph_id_id_pk'],
])(
  'a page of a seed of each %s reads as much as it may, before and after ANALYZE',
  async (kind, key) => {
    for (const isAnalysed of [false, true]) {
      if (isAnalysed) await shard.owner.query('analyze')
      const indexes = new Set<string>()
      const scans: string[] = []
      const database = explaining(shard.database, (plan) => {
        for (const node of nodesOf(plan)) {
          const { 'Node Type': type, 'Relation Name': table = '', 'Index Name': index } = node
          if (table === 'graphs' || table === '') continue
          if (index) indexes.add(table.startsWith('events') ? 'events' : index)
          // An index that does not lead from page to page would read the graph as a whole each time.
          const isOrdered = table.startsWith('events')
            ? /subject_id_seq_idx$/
            : new RegExp(`^${key}$`)
          if (!isOrdered.test(index ?? '')) scans.push(`${type} ${table} ${index}`)
        }
      })
      const after = '80000000-0000-0000-0000-000000000000'
      const place = { seq: FLOOR, kind, after }
      const page = await readSeedPage(database, graph, historyId, 'sizes', place, 500)
      expect(scans).toEqual([])
      expect([...indexes].sort()).toEqual([key, 'events'].sort())
      expect(page?.next?.kind).toBe(kind)
      expect(page?.present.length).toBeGreaterThan(10)
      expect(page?.changed.length).toBeGreaterThan(10)
    }
  },
)
