import type { SQL } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import { type Database, DatabaseError, type Row } from '../../../db/client.ts'
import type { ModelGraph } from '../../fakes/model-graph/model-graph.ts'
import type { StoredEvent } from '../../harness/graph-log/contents.ts'

const dialect = new PgDialect()

/** How statements get to the model and back: `null` when it is away. */
type Round = (work: () => Row[][] | null) => Promise<Row[][] | null>

/** The model as the database of which topologies are built and brought forward, one batch a snapshot. */
export function topologyDatabase(graph: ModelGraph, round: Round): Database {
  const batch: Database['batch'] = async (_tenantId, statements) => {
    const rows = await round(() => statements.map((statement) => answer(graph, statement)))
    if (rows) return rows
    throw new DatabaseError('the primary is away', { certain: false, cause: null })
  }
  return {
    batch,
    batchWith: () => Promise.reject(new Error('topologies are read as a tenant')),
  }
}

/** The statements of db/queries/topology.ts; everything fits into one page. */
function answer(graph: ModelGraph, statement: SQL): Row[] {
  const { sql, params } = dialect.sqlToQuery(statement)
  const { seq, historyId, schemaSeq } = graph.row
  if (sql.includes('from graphs')) {
    return [{ seq, history_id: historyId, schema_seq: schemaSeq, floor_seq: 0 }]
  }
  const bound = Number(params.find((param) => typeof param === 'number'))
  if (sql.includes('from entities')) return [{ rows: entitiesAt(graph, bound) }]
  if (sql.includes('from relationships')) return [{ rows: relationshipsAt(graph, bound) }]
  if (sql.includes('from events')) return [{ rows: changesAfter(graph, bound) }]
  throw new Error(`no topology is read by ${sql}`)
}

function entitiesAt({ events }: ModelGraph, seq: number): unknown[] {
  const types = new Map<string, string>()
  for (const { seq: at, kind, subject_id: id, type } of events) {
    if (at > seq || id === null) continue
    if (kind === 'entity.created') types.set(id, type ?? '')
    if (kind === 'entity.deleted') types.delete(id)
  }
  return [...types].sort(([a], [b]) => (a < b ? -1 : 1))
}

function relationshipsAt({ events }: ModelGraph, seq: number): unknown[] {
  const rows = new Map<string, readonly unknown[]>()
  for (const { seq: at, kind, subject_id: id, type, from_id, to_id } of events) {
    if (at > seq || id === null) continue
    if (kind === 'relationship.created') rows.set(id, [at, type, from_id, to_id, null])
    if (kind === 'relationship.deleted') rows.delete(id)
  }
  return [...rows.values()].sort(([a], [b]) => Number(a) - Number(b))
}

const KINDS: readonly StoredEvent['kind'][] = [
  'entity.created',
  'entity.deleted',
  'relationship.created',
  'relationship.deleted',
]

function changesAfter({ events }: ModelGraph, after: number): unknown[] {
  const created = new Map<string | null, number>()
  return events.flatMap(({ seq, kind, subject_id: id, type, from_id, to_id }) => {
    if (kind === 'relationship.created') created.set(id, seq)
    if (seq <= after || !KINDS.includes(kind)) return []
    const createdSeq = kind.startsWith('entity') ? null : (created.get(id) ?? null)
    return [[seq, kind, id, type, from_id, to_id, createdSeq, null]]
  })
}
