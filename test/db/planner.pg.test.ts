import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { graphId, tenantId } from '../../core/ids.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import type { EntityOp, GraphRequest, RelationshipOp } from '../../core/log/requests.ts'
import type { Database } from '../../db/client.ts'
import { graphLogStore } from '../../db/commit/graph-log-store.ts'
import type { Fence } from '../../db/log-store.ts'
import { getEntity, listNeighbors } from '../../db/queries/entities.ts'
import { placeGraph } from '../../db/queries/graphs.ts'
import { createMigrated, type MigratedDatabase } from '../harness/databases.ts'
import { explaining, nodesOf, type PlanNode } from '../harness/explained.ts'
import { createRequest } from '../harness/requests.ts'

const TABLES = ['entities', 'relationships', 'commits']
const OPERATIONS = 1_000

let shard: MigratedDatabase

beforeAll(async () => {
  shard = await createMigrated('shard')
  // The state under test must not pass while it is looked at.
  for (const table of TABLES) {
    await shard.owner.query(`alter table ${table} set (autovacuum_enabled = false)`)
  }
})
afterAll(() => shard.drop())

/** A graph of a tenant of its own, with 1,000 entities and twice as many relationships. */
async function newGraph() {
  const graph: GraphAddress = {
    kind: 'graph',
    tenantId: tenantId(randomUUID()),
    graphId: graphId(randomUUID()),
    shardId: 's',
    epoch: 1,
  }
  await placeGraph(shard.database, graph.tenantId, graph.graphId)
  const log = await graphLogStore(shard.database, graph).open([])
  if (!log) throw new Error('the new graph has no log')
  let fence: Fence = log.fence
  async function commit(request: Partial<GraphRequest>, database: Database = shard.database) {
    const group = [createRequest({ entities: [], ...request })]
    const { seq } = await graphLogStore(database, graph).commit(fence, group)
    fence = { ...fence, seq }
  }
  const ids = Array.from({ length: OPERATIONS }, () => randomUUID())
  await commit({ entities: ids.map(newEntity) })
  for (const _ of [1, 2]) await commit({ relationships: ids.map((_, op) => newRelation(op, ids)) })
  return { graph, ids, commit }
}

function newEntity(id: string, op: number) {
  const content = { name: `Number ${op}`, location: null, properties: {} }
  return {
    op,
    action: 'create' as const,
    id,
    externalId: `x${id}`,
    type: 'thing',
    content,
  } satisfies EntityOp
}

function newRelation(op: number, ids: readonly string[]) {
  const end = (n: number) => ({ id: ids[n % ids.length] ?? '' })
  const content = { name: null, location: null, properties: {} }
  const ends = { from: end(op), to: end(op * 7 + 3) }
  return {
    op,
    action: 'create' as const,
    id: randomUUID(),
    externalId: null,
    type: 'near',
    ...ends,
    content,
  } satisfies RelationshipOp
}

/** Deletes a graph of 20,000 of each, and takes statistics while its pages are still there. */
async function emptyAndAnalyze(): Promise<void> {
  const rows = `generate_series(1, 20000) as i`
  const graph = `select md5('tenant')::uuid, md5('graph')::uuid`
  await shard.owner.query(`insert into entities (tenant_id, graph_id, id, type, external_id, name,
      name_key, properties, version, created_at, updated_at)
    ${graph}, md5('e' || i)::uuid, 'thing', 'x' || i, 'n' || i, 'n' || i, '{}', i, now(), now()
    from ${rows}`)
  await shard.owner.query(`insert into relationships (tenant_id, graph_id, id, type, from_id, to_id,
      properties, version, created_seq, created_at, updated_at)
    ${graph}, md5('r' || i)::uuid, 'near', md5('e' || i)::uuid, md5('e' || i * 7 % 20000)::uuid, '{}',
      i, i, now(), now() from ${rows}`)
  await shard.owner.query(`insert into commits (tenant_id, graph_id, commit_id, fingerprint, answer,
      at) ${graph}, 'c' || i, '', '{}', now() from ${rows}`)
  for (const table of TABLES) {
    await shard.owner.query(`delete from ${table} where tenant_id = md5('tenant')::uuid`)
  }
  await shard.owner.query(`vacuum (analyze, truncate false) ${TABLES.join()}`)
}

/** Of each index of the tables: the column that comes after those of the tenant and the graph. */
async function thirdColumns(): Promise<ReadonlyMap<string, string>> {
  const { rows } = await shard.owner.query<{ index: string; column: string }>(
    `select indexrelid::regclass::text as index, pg_get_indexdef(indexrelid, 3, true) as column
      from pg_index where indrelid = any($1::regclass[])`,
    [TABLES],
  )
  return new Map(rows.map(({ index, column }) => [index, column]))
}

/**
 * Fails when one of the tables is read from end to end, or by an index that is asked for no more than
 * a whole graph: all of its rows would be met. A later column does not help, the third is what counts.
 */
async function expectRowsByName(plans: readonly PlanNode[]): Promise<void> {
  const nodes = plans.flatMap(nodesOf)
  const columns = await thirdColumns()
  const byIndex = nodes.filter((node) => columns.has(node['Index Name'] ?? ''))
  expect(byIndex.length).toBeGreaterThan(0)
  const ofGraphs = byIndex.filter((node) => {
    const column = columns.get(node['Index Name'] ?? '')
    const condition = node['Index Cond'] ?? ''
    return !new RegExp(`[(.]${column} = | = (\\w+\\.)?${column}\\)`).test(condition)
  })
  const whole = nodes.filter(
    (node) => node['Node Type'] === 'Seq Scan' && TABLES.includes(node['Relation Name'] ?? ''),
  )
  expect([...ofGraphs, ...whole]).toEqual([])
}

describe('after ANALYZE of tables that were emptied', () => {
  let filled: Awaited<ReturnType<typeof newGraph>>
  let plans: PlanNode[]
  let database: Database

  beforeAll(async () => {
    await emptyAndAnalyze()
    const { rows } = await shard.owner.query(
      `select relname, reltuples::int, relpages > 10 as has_pages from pg_class
        where relname = any($1) order by relname`,
      [TABLES],
    )
    const emptied = { reltuples: 100, has_pages: true }
    expect(rows).toEqual([...TABLES].sort().map((relname) => ({ relname, ...emptied })))
    filled = await newGraph()
    plans = []
    database = explaining(shard.database, (plan) => plans.push(plan))
  })

  it('a commit finds its entities by id and external id', async () => {
    const { ids, commit } = filled
    const existing = ids.map(newEntity)
    const created = ids.map((_, op) => newEntity(randomUUID(), op + OPERATIONS))
    const upserted = existing.map((op) => ({ ...op, action: 'upsert' as const }))
    await commit({ entities: created }, database)
    await commit({ entities: upserted.slice(0, OPERATIONS / 2) }, database)
    await expectRowsByName(plans)
  })

  it('a commit finds its relationships and their ends', async () => {
    const { ids, commit } = filled
    await commit({ relationships: ids.map((_, op) => newRelation(op, ids)) }, database)
    const byExternalId = ids.map((id, op) => {
      const end = { externalId: `x${id}` }
      const named = { externalId: `r${id}`, from: end, to: end }
      return { ...newRelation(op, ids), ...named, action: 'upsert' as const }
    })
    await commit({ relationships: byExternalId }, database)
    await expectRowsByName(plans)
  })

  it('a commit finds the relationships of what it deletes', async () => {
    const { ids, commit } = filled
    const deleted = ids.slice(0, 3).map(
      (id, op): EntityOp => ({
        op,
        action: 'delete',
        id,
        externalId: null,
        expectedVersion: null,
      }),
    )
    await commit({ entities: deleted }, database)
    await expectRowsByName(plans)
  })

  it('reads find an entity and its neighbours', async () => {
    const { graph, ids } = filled
    const last = ids.at(-1) ?? ''
    expect((await getEntity(database, graph, last)).value?.id).toBe(last)
    const query = { direction: 'both', type: null, limit: 10, after: null } as const
    const { value } = await listNeighbors(database, graph, last, query)
    expect(value?.items.length).toBeGreaterThan(3)
    await expectRowsByName(plans)
  })
})
