import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { v7 } from 'uuid'
import { graphId, tenantId } from '../../core/ids.ts'
import type { EntityOp, RelationshipOp } from '../../core/log/requests.ts'
import { openDatabase } from '../../db/client.ts'
import { graphLogStore } from '../../db/commit/graph-log-store.ts'
import { placeGraph } from '../../db/queries/graphs.ts'
import { startStack } from '../../scripts/local/stack.ts'
import { createRequest } from '../../test/harness/requests.ts'

/** What a record costs on disk, written as the product writes it, in batches of 1,000. */
const ENTITIES = 50_000
const RELATIONSHIPS = 150_000
const BATCH = 1_000

const folder = mkdtempSync(join(tmpdir(), 'tendril-bench-'))
chmodSync(folder, 0o711)
const stack = await startStack({ dataDir: folder, durable: false })
try {
  await load()
  await report()
} finally {
  await stack.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function load(): Promise<void> {
  const [shard] = JSON.parse(stack.bindings.TENDRIL_SHARDS) as { id: string; url: string }[]
  const database = openDatabase(shard?.url ?? '', stack.sqlEndpoint)
  const tenant = tenantId(v7())
  const graph = graphId(v7())
  await placeGraph(database, tenant, graph)
  const store = graphLogStore(database, {
    kind: 'graph',
    tenantId: tenant,
    graphId: graph,
    shardId: 'shard',
    epoch: 1,
  })
  const opened = await store.open([])
  if (!opened) throw new Error('the graph is not there')
  let { fence } = opened
  const ids: string[] = []
  const commit = async (entities: EntityOp[], relationships: RelationshipOp[]) => {
    const { seq } = await store.commit(fence, [createRequest({ entities, relationships })])
    fence = { ...fence, seq }
  }
  for (let start = 0; start < ENTITIES; start += BATCH) {
    await commit(
      Array.from({ length: BATCH }, (_, op) => newEntity(op, start + op, ids)),
      [],
    )
  }
  for (let start = 0; start < RELATIONSHIPS; start += BATCH) {
    await commit(
      [],
      Array.from({ length: BATCH }, (_, op) => newRelationship(op, start + op, ids)),
    )
  }
}

/** About what a ticket or an airport looks like: 100 bytes of properties. */
function newEntity(op: number, i: number, ids: string[]): EntityOp {
  const id = v7()
  ids.push(id)
  const properties = {
    city: `City ${i % 900}`,
    state: 'CA',
    country: 'USA',
    elevation: i % 3_000,
    open: true,
  }
  const content = {
    name: `Airport number ${i}`,
    location: { lat: i % 90, lon: i % 180 },
    properties,
  }
  return { op, action: 'create', id, externalId: `airport-${i}`, type: 'airport', content }
}

function newRelationship(op: number, i: number, ids: readonly string[]): RelationshipOp {
  const end = (n: number) => ({ id: ids[n % ids.length] ?? '' })
  const content = { name: null, location: null, properties: { flights: i % 5_000 } }
  const ends = { from: end(i), to: end(i * 7 + 3) }
  return {
    op,
    action: 'create',
    id: v7(),
    externalId: `route-${i}`,
    type: 'route',
    ...ends,
    content,
  }
}

async function report(): Promise<void> {
  const url = new URL(stack.postgres.url('tendril_shard_1'))
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  const { rows } = await client.query<{ part: string; table_bytes: string; index_bytes: string }>(
    `select case when relname like 'events%' then 'events' else relname end as part,
       sum(pg_table_size(oid)) as table_bytes, sum(pg_indexes_size(oid)) as index_bytes
     from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace
     group by part`,
  )
  await client.end()
  const counts: Readonly<Record<string, number>> = {
    entities: ENTITIES,
    relationships: RELATIONSHIPS,
    events: ENTITIES + RELATIONSHIPS,
  }
  console.log(
    `${'bytes each'.padEnd(16)}${'row'.padStart(8)}${'indexes'.padStart(10)}${'together'.padStart(10)}`,
  )
  for (const [part, count] of Object.entries(counts)) {
    const row = rows.find((each) => each.part === part)
    const table = Number(row?.table_bytes) / count
    const indexes = Number(row?.index_bytes) / count
    console.log(
      part.padEnd(16) +
        [table, indexes, table + indexes]
          .map((n, i) => n.toFixed(0).padStart(i === 0 ? 8 : 10))
          .join(''),
    )
  }
}
