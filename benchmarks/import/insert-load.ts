import type pg from 'pg'
import type { Place } from './place.ts'
import { ACTOR, nameKeyOf, REQUEST_ID, type StoredCommit, type StoredRow } from './stored-rows.ts'

/** What one transaction of the direct load is sent, made before the clock starts. */
export type InsertBatch = {
  readonly kind: 'entity' | 'relationship'
  readonly commitId: string
  readonly rows: string
  readonly answer: string
}

export function insertBatch(commit: StoredCommit): InsertBatch {
  const [first] = commit.rows
  if (!first) throw new RangeError('a commit without rows')
  const { commitId, rows, answer } = commit
  return { kind: first.kind, commitId, rows: JSON.stringify(rows.map(insertRow)), answer }
}

function insertRow({ seq, kind, row }: StoredRow) {
  const common = { s: seq, id: row.id, t: row.type, x: row.externalId, p: row.properties }
  return kind === 'entity'
    ? { ...common, n: row.name, k: nameKeyOf(row), ...row.location }
    : { ...common, f: row.from.id, d: row.to.id }
}

const ENTITIES = `
  insert into entities (tenant_id, graph_id, id, type, external_id, name, name_key, latitude,
    longitude, properties, version, created_at, updated_at)
  select $1, $2, id, t, x, n, k, lat, lon, p, s, now(), now()
  from jsonb_to_recordset($3::jsonb) as r(
    s bigint, id uuid, t text, x text, n text, k text, lat float8, lon float8, p jsonb)`

const RELATIONSHIPS = `
  insert into relationships (tenant_id, graph_id, id, type, from_id, to_id, external_id, properties,
    version, created_seq, created_at, updated_at)
  select $1, $2, id, t, f, d, x, p, s, s, now(), now()
  from jsonb_to_recordset($3::jsonb) as r(
    s bigint, id uuid, t text, x text, f uuid, d uuid, p jsonb)`

const EVENTS = `
  insert into events (tenant_id, graph_id, seq, at, kind, subject_id, type, external_id, from_id,
    to_id, actor, request_id, commit_id, after)
  select $1, $2, s, now()::timestamptz(3), $7, id, t, x, f, d, $4, $5, $6,
    jsonb_build_object('version', s, 'external_id', x, 'name', n, 'location',
      case when lat is not null then jsonb_build_object('lat', lat, 'lon', lon) end,
      'properties', p, 'created_at', now()::timestamptz(3), 'updated_at', now()::timestamptz(3))
  from jsonb_to_recordset($3::jsonb) as r(
    s bigint, id uuid, t text, x text, f uuid, d uuid, n text, lat float8, lon float8, p jsonb)`

const COMMITS = `
  insert into commits (tenant_id, graph_id, commit_id, fingerprint, answer, at)
  values ($1, $2, $3, '', $4::jsonb, now())`

/** Loads over one connection, a transaction for each batch of 1,000 rows. */
export async function loadByInserts(
  client: pg.Client,
  { tenantId, graphId }: Place,
  batches: readonly InsertBatch[],
): Promise<void> {
  let seq = 0
  for (const { kind, commitId, rows, answer } of batches) {
    const keys = [tenantId, graphId]
    const made = `${kind}.created`
    await client.query('begin')
    const { rowCount } = await client.query({
      name: kind,
      text: kind === 'entity' ? ENTITIES : RELATIONSHIPS,
      values: [...keys, rows],
    })
    const origin = [ACTOR, REQUEST_ID, commitId]
    await client.query({ name: 'events', text: EVENTS, values: [...keys, rows, ...origin, made] })
    await client.query({ name: 'commits', text: COMMITS, values: [...keys, commitId, answer] })
    seq += rowCount ?? 0
    await client.query('update graphs set seq = $2 where id = $1', [graphId, seq])
    await client.query('commit')
  }
}
