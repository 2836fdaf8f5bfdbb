import { type SQL, sql } from 'drizzle-orm'
import type { JsonObject } from '../../core/json.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import type { Database, Row } from '../client.ts'
import { inGraph, readGraph } from './snapshot.ts'
import type { TypeTaskProgress } from './type-tasks.ts'

/** What checking a record takes. */
export type RecordToCheck = {
  readonly id: string
  readonly external_id: string | null
  readonly properties: JsonObject
}

/** Records to check, by id, and where to go on; `null`: these were the last. */
export type RecordsToCheck = {
  readonly records: readonly RecordToCheck[]
  readonly cursor: string | null
}

/**
 * The next records of the task's type that have not been written since it began. At the beginning all
 * of them, if they are few. Else those among the next `limit` records of the graph whatever their
 * type, so that a page costs the same in every graph: no index has the records of a type by id.
 */
export async function recordsToCheck(
  shard: Database,
  graph: GraphAddress,
  task: TypeTaskProgress,
  limit: number,
): Promise<RecordsToCheck> {
  if (task.cursor === null) {
    const rows = await read(shard, graph, ofType(graph, task, limit + 1))
    if (rows.length <= limit) return { records: toCheck(rows, task), cursor: null }
  }
  const rows = await read(shard, graph, afterCursor(graph, task, limit))
  const last = rows.length < limit ? undefined : rows.at(-1)
  return { records: toCheck(rows, task), cursor: last ? (last.id as string) : null }
}

function ofType(graph: GraphAddress, { kind, name }: TypeTaskProgress, limit: number): SQL {
  return sql`select * from (
      select id, external_id, version, true as is_of_type, properties from ${tableOf(kind)} r
      where ${inGraph(graph, 'r')} and r.type = ${name} limit ${limit}
    ) r order by id`
}

function afterCursor(
  graph: GraphAddress,
  { kind, name, cursor }: TypeTaskProgress,
  limit: number,
): SQL {
  return sql`select id, external_id, version, r.type = ${name} as is_of_type,
      case when r.type = ${name} then properties end as properties
    from ${tableOf(kind)} r
    where ${inGraph(graph, 'r')} and r.id > ${cursor ?? BEFORE_ALL}::uuid
    order by r.id limit ${limit}`
}

const BEFORE_ALL = '00000000-0000-0000-0000-000000000000'

function tableOf(kind: TypeTaskProgress['kind']): SQL {
  return sql.raw(kind === 'entity' ? 'entities' : 'relationships')
}

async function read(shard: Database, graph: GraphAddress, statement: SQL): Promise<readonly Row[]> {
  const { results } = await readGraph(shard, graph, [statement])
  return results[0] ?? []
}

function toCheck(rows: readonly Row[], { sinceSeq }: TypeTaskProgress): RecordToCheck[] {
  return rows
    .filter(({ is_of_type, version }) => is_of_type === true && (version as number) <= sinceSeq)
    .map((row) => ({
      id: row.id as string,
      external_id: row.external_id as string | null,
      properties: row.properties as JsonObject,
    }))
}
