import { randomUUID } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createDatabases, type TestDatabases } from '../harness/databases.ts'
import { insertion, newRow } from './tenant-rows.ts'

let databases: TestDatabases

beforeAll(async () => {
  databases = await createDatabases()
})

afterAll(() => databases.drop())

type Columns = Readonly<Record<string, string | null>>

async function insert(kind: 'catalog' | 'shard', name: string, tenant: string, columns: Columns) {
  const { owner } = databases[kind]
  const table = { name, key: 'tenant_id' }
  const row = new Map([...(await newRow(owner, table, tenant)), ...Object.entries(columns)])
  await owner.query(insertion(table, row))
}

function hoursAgo(hours: number): string {
  return new Date(Date.now() - hours * 3_600_000).toISOString()
}

/** The runtime calls what purges without speaking for any tenant. */
async function purged(kind: 'catalog' | 'shard', call: string): Promise<unknown> {
  const [rows] = await databases[kind].database.batchWith({}, [sql.raw(`select ${call} as n`)])
  return rows?.[0]?.n
}

describe.each(['catalog', 'shard'] as const)('tendril_purge_commits in a %s', (kind) => {
  async function left(): Promise<string[]> {
    const { rows } = await databases[kind].owner.query<{ commit_id: string }>(
      'select commit_id from commits order by at',
    )
    return rows.map(({ commit_id }) => commit_id)
  }

  beforeEach(() => databases[kind].owner.query('delete from commits'))

  it('forgets what is older than asked for, of every tenant', async () => {
    for (const hours of [1, 23, 25, 48]) {
      const at = hoursAgo(hours)
      await insert(kind, 'commits', randomUUID(), { commit_id: `${hours} h`, at })
    }
    expect(await purged(kind, `tendril_purge_commits('24 hours', 100)`)).toBe(2)
    expect(await left()).toEqual(['23 h', '1 h'])
    expect(await purged(kind, `tendril_purge_commits('24 hours', 100)`)).toBe(0)
  })

  it('forgets the oldest first, and no more at once than asked for', async () => {
    const tenant = randomUUID()
    for (const hours of [30, 50, 40]) {
      const at = hoursAgo(hours)
      await insert(kind, 'commits', tenant, { commit_id: `${hours} h`, at })
    }
    expect(await purged(kind, `tendril_purge_commits('24 hours', 2)`)).toBe(2)
    expect(await left()).toEqual(['30 h'])
  })
})

describe('tendril_purge_deleted_graphs', () => {
  const tables = [
    ...['entities', 'relationships', 'types', 'type_tasks', 'index_entries'],
    ...['text_entries', 'fulltext_entries', 'geo_entries', 'checkpoints', 'parked_events'],
    ...['dead_letters', 'replays', 'graph_statistics', 'graph_activity'],
  ]
  const each = (rows: number) => tables.map(() => rows)

  async function newGraph(deleted: boolean): Promise<string> {
    const [tenant, graph] = [randomUUID(), randomUUID()]
    const deleted_at = deleted ? hoursAgo(1) : null
    await insert('shard', 'graphs', tenant, { id: graph, deleted_at })
    for (const table of [...tables, 'events']) {
      for (let i = 0; i < 3; i += 1) await insert('shard', table, tenant, { graph_id: graph })
    }
    return graph
  }

  async function countsOf(graph: string): Promise<number[]> {
    const counts: number[] = []
    for (const table of [...tables, 'events']) {
      const { rows } = await databases.shard.owner.query<{ n: number }>(
        `select count(*)::int as n from ${table} where graph_id = $1`,
        [graph],
      )
      counts.push(rows[0]?.n ?? 0)
    }
    return counts
  }

  it('removes the rows of deleted graphs step by step, and keeps their logs', async () => {
    const kept = await newGraph(false)
    const gone = await newGraph(true)
    expect(await purged('shard', 'tendril_purge_deleted_graphs(2)')).toBe(2 * tables.length)
    expect(await countsOf(gone)).toEqual([...each(1), 3])
    expect(await purged('shard', 'tendril_purge_deleted_graphs(2)')).toBe(tables.length)
    expect(await purged('shard', 'tendril_purge_deleted_graphs(2)')).toBe(0)
    expect(await countsOf(gone)).toEqual([...each(0), 3])
    expect(await countsOf(kept)).toEqual([...each(3), 3])
    const { rowCount } = await databases.shard.owner.query('select from graphs where id = $1', [
      gone,
    ])
    expect(rowCount).toBe(1)
  })
})

describe('tendril_purge_pending_tenants', () => {
  const count = async () => {
    const { rows } = await databases.catalog.owner.query<{ id: string }>(
      'select id from tenants order by created_at',
    )
    return rows.map(({ id }) => id)
  }

  async function tenant(state: string, hours: number): Promise<string> {
    const id = randomUUID()
    await databases.catalog.owner.query(
      `insert into tenants (id, state, history_id, created_at)
        values ($1, $2, gen_random_uuid(), $3)`,
      [id, state, hoursAgo(hours)],
    )
    return id
  }

  beforeEach(() => databases.catalog.owner.query('delete from tenants'))

  it('removes what a registration that came to nothing has left, after a day', async () => {
    await tenant('pending', 30)
    await tenant('pending', 40)
    const kept = [
      await tenant('active', 30),
      await tenant('suspended', 26),
      await tenant('pending', 23),
    ]
    expect(await purged('catalog', `tendril_purge_pending_tenants('1 hour', 1)`)).toBe(1)
    expect(await purged('catalog', `tendril_purge_pending_tenants('24 hours', 10)`)).toBe(1)
    expect(await purged('catalog', `tendril_purge_pending_tenants('24 hours', 10)`)).toBe(0)
    expect(await count()).toEqual(kept)
  })
})
