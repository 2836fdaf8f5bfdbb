import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { z } from 'zod'
import type { GraphAddress } from '../../../core/log/address.ts'
import { contentsOf, idOf } from '../../contracts/graph-engine/contents.ts'
import { createMigrated, type MigratedDatabase } from '../../harness/databases.ts'
import { storeGraph } from './stored-graph.ts'

type Scan = { readonly node: string; readonly table: string; readonly condition: string }

let shard: MigratedDatabase
let superuser: pg.Client
let scans: Scan[]

beforeEach(async () => {
  shard = await createMigrated('shard')
  await shard.owner.query('alter table entities set (autovacuum_enabled = false)')
  await shard.owner.query('alter table relationships set (autovacuum_enabled = false)')
  scans = []
})
afterEach(async () => {
  await superuser.end()
  await shard.drop()
})

/**
 * A connection that speaks as the runtime's role and collects the plans of everything that functions
 * run. Only a superuser may load what shows them.
 */
async function explainingAs(tenant: string): Promise<void> {
  const url = new URL(inject('pgUrl'))
  url.pathname = new URL(shard.ownerUrl).pathname
  superuser = new pg.Client(url.href)
  await superuser.connect()
  await superuser.query(`load 'auto_explain'`)
  await superuser.query(`set auto_explain.log_min_duration = 0; set auto_explain.log_format = json;
    set auto_explain.log_nested_statements = on; set auto_explain.log_analyze = on; set client_min_messages = log`)
  superuser.on('notice', ({ message = '' }) => {
    const json = /plan:\s*(\{.*\})/s.exec(message)?.[1]
    if (json !== undefined) scans.push(...scansOf(JSON.parse(json).Plan))
  })
  await superuser.query(`set role tendril_app`)
  await superuser.query(`select set_config('tendril.tenant_id', $1, false)`, [tenant])
}

const node = z.looseObject({
  'Node Type': z.string(),
  'Relation Name': z.string().optional(),
  'Index Cond': z.string().optional(),
  'Actual Loops': z.number(),
  Plans: z.array(z.unknown()).optional(),
})

function scansOf(plan: unknown): Scan[] {
  const { Plans = [], ...own } = node.parse(plan)
  const table = own['Relation Name']
  const below = Plans.flatMap(scansOf)
  // What was never carried out stands below a condition that was false.
  if (table === undefined || own['Actual Loops'] === 0) return below
  return [{ node: own['Node Type'], table, condition: own['Index Cond'] ?? '' }, ...below]
}

/** Rows of a graph of some other tenant, 20,000 of each table. */
async function fill(): Promise<void> {
  const place = [randomUUID(), randomUUID()]
  await shard.owner.query(
    `insert into entities (tenant_id, graph_id, id, type, name_key, properties, version, created_at,
        updated_at)
      select $1, $2, md5('e' || i)::uuid, 'a', '', '{}', i, now(), now()
      from generate_series(1, 20000) as i`,
    place,
  )
  await shard.owner.query(
    `insert into relationships (tenant_id, graph_id, id, type, from_id, to_id, properties, version,
        created_seq, created_at, updated_at)
      select $1, $2, gen_random_uuid(), 'x', md5('e' || i)::uuid, md5('e' || i % 100)::uuid, '{}', i,
        i, now(), now() from generate_series(1, 20000) as i`,
    place,
  )
}

const STATES: Readonly<Record<string, () => Promise<void>>> = {
  'as migrated': async () => {},
  'where ANALYZE has seen another graph only': async () => {
    await fill()
    await shard.owner.query('analyze entities, relationships')
  },
  'after ANALYZE of tables that were emptied': async () => {
    await fill()
    const nobody = '00000000-0000-0000-0000-000000000000'
    await shard.owner.query('delete from entities where tenant_id <> $1', [nobody])
    await shard.owner.query('delete from relationships where tenant_id <> $1', [nobody])
    await shard.owner.query('vacuum (analyze, truncate false) entities, relationships')
  },
}

async function searchAll({ graphId }: GraphAddress): Promise<void> {
  const [start, goal] = [idOf(0), idOf(150)]
  const candidates = Array.from({ length: 190 }, (_, n) => idOf(n))
  for (const [out, back, types] of [
    [true, false, null],
    [true, true, ['x', 'y']],
  ]) {
    const filters = [out, back, types, ['a', 'b', 'c'], candidates]
    const traversal = (rest: string) => `select tendril_traverse($1, array[$2]::uuid[], $3, $4, $5,
      $6, $7, ${rest}, 1000000, 8000)`
    await superuser.query(traversal('3, 100, null, true, 100'), [graphId, start, ...filters])
    await superuser.query(traversal('3, null, 0, false, null'), [graphId, start, ...filters])
    const paths = (rest: string) => `select tendril_paths($1, $2, $8, $3, $4, $5, $6, $7, ${rest},
      20, 1000000, 8000)`
    await superuser.query(paths('3, null'), [graphId, start, ...filters, goal])
    await superuser.query(paths(`3, '{cost}'`), [graphId, start, ...filters, goal])
  }
}

describe.each(Object.entries(STATES))('in a shard %s', (_, prepare) => {
  it('every search looks rows up one by one, by an id or an end', async () => {
    await prepare()
    const pairs = [3, 7, 11].flatMap((step) =>
      Array.from({ length: 200 }, (_, i) => [i, (i * step + 1) % 200, 'x', i % 9] as const),
    )
    const graph = await storeGraph(shard, contentsOf(200, pairs))
    await explainingAs(graph.tenantId)
    await searchAll(graph)
    const tables = new Set(scans.map(({ table }) => table))
    expect([...tables].sort()).toEqual(['entities', 'relationships'])
    const others = scans.filter(
      ({ node, condition }) =>
        !/^Index (Only )?Scan$/.test(node) ||
        !/[(.](id|from_id|to_id|created_seq) = /.test(condition),
    )
    expect(others).toEqual([])
  })
})
