import { type SQL, sql } from 'drizzle-orm'
import type { TenantId } from '../../core/ids.ts'
import type { JsonObject } from '../../core/json.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import type { Database, Row } from '../client.ts'
import { NO_SUCH_ROW } from './once.ts'
import { inGraph, runRead } from './snapshot.ts'

/** A message that failed for good. */
export type DeadLetter = {
  readonly id: string
  readonly queue: string
  readonly message: JsonObject
  readonly reason: string
  readonly attempts: number
  readonly at: string
}

export type NewDeadLetter = {
  readonly id: string
  readonly queue: string
  readonly message: unknown
  readonly reason: string
  readonly attempts: number
}

/** Keeps a message; one that comes twice is kept once. Rejects with a `DatabaseError`. */
export async function keepDeadLetter(
  shard: Database,
  owner: { readonly tenantId: TenantId; readonly graphId: string },
  letter: NewDeadLetter,
): Promise<void> {
  await shard.batch(owner.tenantId, [
    sql`insert into dead_letters (tenant_id, graph_id, id, queue, message, reason, attempts, at)
      values (${owner.tenantId}::uuid, ${owner.graphId}::uuid, ${letter.id}, ${letter.queue},
        ${JSON.stringify(letter.message) ?? 'null'}::jsonb, ${letter.reason},
        ${letter.attempts}::bigint, now()) on conflict do nothing`,
  ])
}

const COLUMNS = sql`d.id, d.queue, d.message, d.reason, d.attempts, d.at`

/** The newest first; `before` is the last one of the page before. */
export async function listDeadLetters(
  shard: Database,
  graph: GraphAddress,
  limit: number,
  before: { readonly at: string; readonly id: string } | null,
): Promise<DeadLetter[]> {
  const older = before ? sql`and (d.at, d.id) < (${before.at}::timestamptz, ${before.id})` : sql``
  const [rows] = await runRead(() =>
    shard.batch(graph.tenantId, [
      sql`select ${COLUMNS} from dead_letters d where ${inGraph(graph, 'd')} ${older}
        order by d.at desc, d.id desc limit ${limit}`,
    ]),
  )
  return (rows ?? []).map(toDeadLetter)
}

export async function getDeadLetter(
  shard: Database,
  graph: GraphAddress,
  id: string,
): Promise<DeadLetter | null> {
  const [rows] = await runRead(() =>
    shard.batch(graph.tenantId, [
      sql`select ${COLUMNS} from dead_letters d where ${inGraph(graph, 'd')} and d.id = ${id}`,
    ]),
  )
  return rows?.[0] ? toDeadLetter(rows[0]) : null
}

/** Raises `NO_SUCH_ROW` when it is not there. */
export function removeDeadLetter(graph: GraphAddress, id: string): SQL {
  return sql`with gone as (
      delete from dead_letters d where ${inGraph(graph, 'd')} and d.id = ${id} returning 1
    )
    select case when exists (select from gone) then true
      else tendril_raise(${NO_SUCH_ROW}, 'there is no such message') end as ok`
}

function toDeadLetter(row: Row): DeadLetter {
  return {
    id: row.id as string,
    queue: row.queue as string,
    message: row.message as JsonObject,
    reason: row.reason as string,
    attempts: row.attempts as number,
    at: row.at as string,
  }
}
