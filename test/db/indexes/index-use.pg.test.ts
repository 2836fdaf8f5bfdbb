import { randomUUID } from 'node:crypto'
import { PgDialect } from 'drizzle-orm/pg-core'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { graphId, type TenantId, tenantId } from '../../../core/ids.ts'
import type { GraphAddress } from '../../../core/log/address.ts'
import type { ListQuery } from '../../../core/log/list-query.ts'
import type { DeclaredIndex, IndexMethod } from '../../../core/types/definition.ts'
import { planIndexes } from '../../../core/types/index-plan.ts'
import { listStatements } from '../../../db/queries/list.ts'
import { ENTITY_COLUMNS } from '../../../db/queries/rows.ts'
import { createMigrated, type MigratedDatabase } from '../../harness/databases.ts'
import { range } from '../../harness/sequences.ts'

/** Rows of each tenant: 100,000 together. */
const TENANT_ROWS = [60_000, 20_000, 10_000, 10_000]

const TABLES = ['entities', 'index_entries', 'text_entries', 'fulltext_entries', 'geo_entries']

let shard: MigratedDatabase
let app: pg.Client
const graphs: GraphAddress[] = []
let indexes: readonly DeclaredIndex[]

const declared = (method: IndexMethod, ...fields: string[]): DeclaredIndex => ({
  ...{ id: randomUUID(), name: method, method, fields, status: 'ready' },
})

beforeAll(async () => {
  shard = await createMigrated('shard')
  app = new pg.Client(shard.appUrl)
  await app.connect()
  // It would analyze them some time while the first half of this runs.
  for (const table of TABLES) {
    await shard.owner.query(`alter table ${table} set (autovacuum_enabled = false)`)
  }
  for (const rows of TENANT_ROWS) {
    const own = [
      declared('composite', 'properties.state', 'properties.size'),
      declared('composite', 'properties.rare'),
      declared('text', 'properties.note'),
      declared('fulltext', 'properties.note'),
      declared('geo'),
    ]
    indexes ??= own
    graphs.push(await fill(tenantId(randomUUID()), rows, own))
  }
})

afterAll(async () => {
  await app.end()
  await shard.drop()
})

/** Every tenant has the same records, written behind the back of the commit. */
async function fill(
  tenant: TenantId,
  rows: number,
  own: readonly DeclaredIndex[],
): Promise<GraphAddress> {
  const graph = graphId(randomUUID())
  const { owner } = shard
  await owner.query(
    `insert into entities (tenant_id, graph_id, id, type, name, name_key, latitude, longitude,
        properties, version, created_at, updated_at)
      select $1, $2, gen_random_uuid(), 'port', 'Port ' || i, 'port ' || i,
        (i * 7919::bigint % 180000) / 1000.0 - 90, (i * 104729::bigint % 360000) / 1000.0 - 180,
        jsonb_build_object('state', 'S' || i % 20, 'size', i * 7919::bigint % 100003,
          'rare', i % 9000, 'note', 'note' || i % 1000 || ' common'), i, now(), now()
      from generate_series(1, $3::int) as i`,
    [tenant, graph, rows],
  )
  const entries = {
    composite: ['index_entries', 'tendril_index_key($4, name_key, properties)'],
    text: ['text_entries', 'tendril_index_body($4, name_key, properties)'],
    fulltext: ['fulltext_entries', 'tendril_document(tendril_index_words($4, name, properties))'],
    geo: ['geo_entries', `tendril_place(latitude, longitude)`],
  }
  for (const { id, method, fields } of own) {
    const [table, entry] = entries[method]
    await owner.query(
      `insert into ${table} select $1, $2, $3, id, ${entry} from entities
        where graph_id = $2 and $4::text[] is not null`,
      [tenant, graph, id, fields],
    )
  }
  return { kind: 'graph', tenantId: tenant, graphId: graph, shardId: 's', epoch: 1 }
}

const plain: ListQuery = {
  ...{ type: 'port', externalId: null, namePrefix: null, fromId: null, toId: null },
  ...{ properties: [], contains: [], search: null, near: null, limit: 50, after: null },
  sort: { by: 'created_at', descending: false },
}
const bySize = { by: 'property', path: ['size'], descending: true } as const
const is = (key: string, value: string | number) =>
  ({ path: [key], comparison: 'eq', value }) as const
const byDistance = { by: 'distance', descending: false } as const
const byRank = { by: 'rank', descending: true } as const
const near = { lat: 10, lon: 20, radiusM: 400_000 }

const KEYS = '_tenant_id_graph_id_index_id_record_id_pk'
const BY_KEY = 'index_entries_tenant_id_graph_id_index_id_key_record_id_pk'

/**
 * What a query must be read by, and how many rows of a table it may touch for a page of 50. Planning
 * counts, too: it looks for the ends of an index, past up to 100 pages of rows that are gone.
 */
const CASES: readonly [string, Partial<ListQuery>, string, number][] = [
  ['equality and sort', { properties: [is('state', 'S7')], sort: bySize }, BY_KEY, 200],
  ['a rare value, by time', { properties: [is('rare', 77)] }, BY_KEY, 200],
  [
    'a part of a text',
    { contains: [{ path: ['note'], text: 'note123 ' }] },
    'text_entries_body',
    300,
  ],
  ['words', { search: 'note123', sort: byRank }, 'fulltext_entries_document', 300],
  ['words, by time', { search: 'note123 common' }, 'fulltext_entries_document', 300],
  ['a place', { near, sort: byDistance }, 'geo_entries_place', 300],
  [
    'a place, anywhere',
    { near: { ...near, radiusM: null }, sort: byDistance },
    'geo_entries_place',
    300,
  ],
]

async function asTenant<T>(run: () => Promise<T>): Promise<T> {
  await app.query('begin')
  await app.query(`select set_config('tendril.tenant_id', $1, true)`, [graphs[0]?.tenantId])
  try {
    return await run()
  } finally {
    await app.query('rollback')
  }
}

/** How often this transaction has scanned an index or a whole table, and rows it got out of it. */
async function scans(relation: string): Promise<{ scans: number; rows: number }> {
  const { rows } = await app.query<{ scans: number; rows: number }>(
    `select pg_stat_get_xact_numscans(oid)::int as scans,
        (pg_stat_get_xact_tuples_fetched(oid) + pg_stat_get_xact_tuples_returned(oid))::int as rows
      from pg_class where relname = left($1, 63)`,
    [relation],
  )
  return rows[0] ?? { scans: -1, rows: -1 }
}

describe.each([
  ['before the first ANALYZE', false],
  ['after it', true],
])('among 100,000 records of several tenants, %s,', (_title, isAnalyzed) => {
  beforeAll(async () => {
    if (isAnalyzed) await shard.owner.query('analyze')
  })

  it.each(CASES)('%s is read by the index', async (_what, parts, index, mostRows) => {
    const query = { ...plain, ...parts }
    const [graph] = graphs
    if (!graph) throw new Error('no graph')
    const { plan, missing } = planIndexes(query, indexes)
    expect(missing).toEqual([])
    const statements = listStatements(graph, 'entities', ENTITY_COLUMNS, query, plan).map((each) =>
      new PgDialect().sqlToQuery(each),
    )
    const last = statements.at(-1) ?? { sql: '', params: [] }
    await asTenant(async () => {
      let found = 0
      for (const { sql, params } of statements) {
        found = (await app.query(sql, params)).rows.length
      }
      expect(found).toBeGreaterThan(3)
      expect((await scans(index)).scans, index).toBeGreaterThan(0)
      const [entries = ''] = index.split(/(?<=_entries)_/)
      for (const table of ['entities', entries]) {
        // A branch that is not taken may have been begun: what counts is what was read.
        expect((await scans(table)).rows, table).toBeLessThan(mostRows)
      }
      if (index !== BY_KEY) {
        expect(await scans(entries + KEYS), 'the key').toEqual({
          scans: expect.any(Number),
          rows: expect.any(Number),
        })
        expect((await scans(entries + KEYS)).rows, 'the key').toBeLessThan(mostRows)
      }
      // What is not hidden in a function is told by EXPLAIN, too.
      if (index !== BY_KEY) return
      const { rows } = await app.query(`explain ${last.sql}`, last.params)
      expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain(`using ${index}`)
    })
  })
})

describe('a search run as the owner', () => {
  const calls = range(2).flatMap((i) =>
    [
      ...[
        `tendril_search($1, $2, 'common', null, null, 10)`,
        `tendril_word_matches($1, $2, 'common', 10)`,
      ],
      ...[
        `tendril_text_matches($1, $2, '%common%', 10)`,
        `tendril_near($1, $2, 0, 0, 2.1, null, null, 10)`,
      ],
    ].map((call) => [call, i] as const),
  )

  it.each(calls)('finds nothing of another tenant or graph: %s, tenant %i', async (call, i) => {
    const [ours, theirs] = [graphs[i], graphs[1 - i]]
    const count = async (tenant: string, graph: string | undefined) => {
      await app.query('begin')
      await app.query(`select set_config('tendril.tenant_id', $1, true)`, [tenant])
      let found = 0
      for (const { id } of indexes) {
        const { rowCount } = await app.query(`select id from ${call}`, [graph, id])
        found += rowCount ?? 0
      }
      await app.query('rollback')
      return found
    }
    // The indexes are those of the first tenant.
    expect(await count(ours?.tenantId ?? '', ours?.graphId)).toBe(i === 0 ? 10 : 0)
    expect(await count(theirs?.tenantId ?? '', ours?.graphId)).toBe(0)
    expect(await count(ours?.tenantId ?? '', theirs?.graphId)).toBe(0)
    expect(await count('', ours?.graphId)).toBe(0)
  })

  it('is for the runtime alone, and looks for nothing in schemas of others', async () => {
    const { rows } = await shard.owner.query(
      `select proname, prosecdef, proconfig[1] as path,
          has_function_privilege('tendril_app', oid, 'execute') as app,
          has_function_privilege('public', oid, 'execute') as public
        from pg_proc where proname in
          ('tendril_search', 'tendril_word_matches', 'tendril_text_matches', 'tendril_near')`,
    )
    expect(rows).toHaveLength(4)
    for (const row of rows) {
      expect(row).toMatchObject({
        ...{ prosecdef: true, app: true, public: false },
        path: 'search_path=public, pg_temp',
      })
    }
  })
})
