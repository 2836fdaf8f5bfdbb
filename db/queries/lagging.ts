import { sql } from 'drizzle-orm'
import { graphId, tenantId } from '../../core/ids.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import type { Database, Row } from '../client.ts'
import type { ErasureRest } from '../commit/erase-statement.ts'
import { runRead } from './snapshot.ts'

export type Idle = { readonly idleSeconds: number; readonly limit: number }

/** Graphs of all tenants with events that a consumer has not read, and nobody is reading. */
export async function laggingConsumers(
  shard: Database,
  shardId: string,
  consumers: readonly string[],
  { idleSeconds, limit }: Idle,
): Promise<{ readonly graph: GraphAddress; readonly consumer: string }[]> {
  const [rows] = await runRead(() =>
    shard.batchWith({}, [
      sql`select * from tendril_lagging_consumers(
        array(select jsonb_array_elements_text(${JSON.stringify(consumers)}::jsonb)),
        make_interval(secs => ${idleSeconds}::float8), ${limit}::int)`,
    ]),
  )
  return (rows ?? []).map((row) => ({
    graph: toAddress(row, shardId),
    consumer: row.consumer as string,
  }))
}

/** Replays of all tenants that are due, and that nobody is working on. */
export async function waitingReplays(
  shard: Database,
  shardId: string,
  { idleSeconds, limit }: Idle,
): Promise<{ readonly graph: GraphAddress; readonly id: string }[]> {
  const [rows] = await runRead(() =>
    shard.batchWith({}, [
      sql`select * from tendril_waiting_replays(
        make_interval(secs => ${idleSeconds}::float8), ${limit}::int)`,
    ]),
  )
  return (rows ?? []).map((row) => ({ graph: toAddress(row, shardId), id: row.id as string }))
}

/** Erasures of all tenants that nobody is working on, though something is left to blank. */
export async function unfinishedErasures(
  shard: Database,
  shardId: string,
  { idleSeconds, limit }: Idle,
): Promise<{ readonly graph: GraphAddress; readonly rest: ErasureRest }[]> {
  const [rows] = await runRead(() =>
    shard.batchWith({}, [
      sql`select tenant_id, graph_id, epoch, seq, to_jsonb(entity_ids) as ids
        from tendril_unfinished_erasures(make_interval(secs => ${idleSeconds}::float8), ${limit}::int)`,
    ]),
  )
  return (rows ?? []).map((row) => ({
    graph: toAddress(row, shardId),
    rest: { seq: row.seq as number, ids: row.ids as string[] },
  }))
}

function toAddress(row: Row, shardId: string): GraphAddress {
  return {
    kind: 'graph',
    tenantId: tenantId(row.tenant_id as string),
    graphId: graphId(row.graph_id as string),
    shardId,
    epoch: row.epoch as number,
  }
}
