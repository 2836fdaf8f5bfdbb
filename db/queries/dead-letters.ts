import { sql } from 'drizzle-orm'
import type { TenantId } from '../../core/ids.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Database, Row } from '../client.ts'
import { runRead } from './snapshot.ts'

/** A message that failed for good. */
export type DeadLetter = {
  readonly id: string
  readonly graph_id: string
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

/** The newest first; `before` is the last one of the page before. */
export async function listDeadLetters(
  shard: Database,
  tenant: TenantId,
  limit: number,
  before: { readonly at: string; readonly id: string } | null,
): Promise<DeadLetter[]> {
  const after = before ? sql`and (at, id) < (${before.at}::timestamptz, ${before.id})` : sql``
  const [rows] = await runRead(() =>
    shard.batch(tenant, [
      sql`select id, graph_id, queue, message, reason, attempts, at from dead_letters
        where tenant_id = ${tenant}::uuid ${after} order by at desc, id desc limit ${limit}`,
    ]),
  )
  return (rows ?? []).map(toDeadLetter)
}

export async function getDeadLetter(
  shard: Database,
  tenant: TenantId,
  id: string,
): Promise<DeadLetter | null> {
  const [rows] = await runRead(() =>
    shard.batch(tenant, [
      sql`select id, graph_id, queue, message, reason, attempts, at from dead_letters
        where tenant_id = ${tenant}::uuid and id = ${id}`,
    ]),
  )
  return rows?.[0] ? toDeadLetter(rows[0]) : null
}

/** Whether it was there. */
export async function removeDeadLetter(
  shard: Database,
  tenant: TenantId,
  id: string,
): Promise<boolean> {
  const [rows] = await runRead(() =>
    shard.batch(tenant, [
      sql`delete from dead_letters where tenant_id = ${tenant}::uuid and id = ${id} returning id`,
    ]),
  )
  return rows?.length === 1
}

function toDeadLetter(row: Row): DeadLetter {
  return {
    id: row.id as string,
    graph_id: row.graph_id as string,
    queue: row.queue as string,
    message: row.message as JsonObject,
    reason: row.reason as string,
    attempts: row.attempts as number,
    at: row.at as string,
  }
}
