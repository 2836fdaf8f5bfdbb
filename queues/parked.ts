import type { SQL } from 'drizzle-orm'
import type { GraphAddress } from '../core/log/address.ts'
import type { Database } from '../db/client.ts'
import { type Checkpoint, parkEvent } from '../db/queries/checkpoints.ts'
import { readParked, unpark } from '../db/queries/consumers.ts'
import { type Consumer, preparePage } from './consumer.ts'
import { PermanentFailure, reasonOf } from './failures.ts'

/** What a parked event comes to; `null`: it is not parked. */
export type Retry =
  /** Statements that take it, to be run as one transaction. */
  | { readonly status: 'ready'; readonly statements: readonly SQL[] }
  | { readonly status: 'refused'; readonly reason: string }

/**
 * Lets a consumer take an event that it could not take before, out of order as it then is. Refused again,
 * it stays parked with the new reason. Rejects when the database does not answer.
 */
export async function prepareRetry(
  shard: Database,
  consumer: Consumer,
  graph: GraphAddress,
  seq: number,
): Promise<Retry | null> {
  const found = await readParked(shard, graph, consumer.name, seq, consumer.reads)
  if (!found) return null
  const { checkpoint, rows } = found
  const { historyId, generation } = checkpoint
  try {
    const page = preparePage(consumer, { graph, historyId, generation, isReplay: true }, rows)
    if (page.lastSeq !== seq) throw new PermanentFailure('the event is no longer kept')
    await page.deliver()
    const statements = [...unpark(graph, consumer.name, checkpoint, seq), ...page.effect()]
    return { status: 'ready', statements }
  } catch (error) {
    return {
      status: 'refused',
      reason: await refuseParked(shard, consumer, graph, seq, checkpoint, error),
    }
  }
}

/** Notes why a parked event was refused once more; returns the reason. */
async function refuseParked(
  shard: Database,
  { name }: Consumer,
  graph: GraphAddress,
  seq: number,
  checkpoint: Checkpoint,
  error: unknown,
): Promise<string> {
  const reason = reasonOf(error)
  await shard.batch(graph.tenantId, [
    parkEvent(graph, name, { ...checkpoint, attempts: 0 }, { seq, reason }),
  ])
  return reason
}
