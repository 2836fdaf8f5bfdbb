import { z } from 'zod'
import { graphId, tenantId } from '../core/ids.ts'
import type { GraphAddress } from '../core/log/address.ts'

/** As wrangler.toml names them. */
export const LIVE_QUEUE = 'tendril-log'
export const BACKLOG_QUEUE = 'tendril-log-backlog'
export const DEAD_QUEUE = 'tendril-log-dead'

/** Attempts after the first, as wrangler.toml has them; a test compares. */
export const MAX_RETRIES: Readonly<Record<string, number>> = {
  [LIVE_QUEUE]: 5,
  [BACKLOG_QUEUE]: 8,
}

/** The queue that serves at once, and the one for what can wait. */
export type Lane = 'live' | 'backlog'

/**
 * "There is something to do for this graph": never what. Whoever gets it reads the log after its own
 * checkpoint, so a pointer that is lost, doubled, old or out of order does no harm.
 */
export type Pointer = {
  readonly graph: GraphAddress
  /** One consumer; `null`: all. */
  readonly consumer: string | null
  /** A replay to go on with, in place of the live log. */
  readonly replay: string | null
}

const FORMAT = 1

const schema = z
  .strictObject({
    v: z.literal(FORMAT),
    tenant_id: z.uuid(),
    graph_id: z.uuid(),
    shard_id: z.string().min(1).max(32),
    epoch: z.int().positive(),
    consumer: z.string().min(1).max(64).nullable(),
    replay: z.uuid().nullable(),
  })
  .transform(
    (message): Pointer => ({
      graph: {
        kind: 'graph',
        tenantId: tenantId(message.tenant_id),
        graphId: graphId(message.graph_id),
        shardId: message.shard_id,
        epoch: message.epoch,
      },
      consumer: message.consumer,
      replay: message.replay,
    }),
  )

export type PointerMessage = z.input<typeof schema>

export function toMessage({ graph, consumer, replay }: Pointer): PointerMessage {
  return {
    v: FORMAT,
    tenant_id: graph.tenantId,
    graph_id: graph.graphId,
    shard_id: graph.shardId,
    epoch: graph.epoch,
    consumer,
    replay,
  }
}

/** All consumers of a graph. */
export function pointerTo(graph: GraphAddress): Pointer {
  return { graph, consumer: null, replay: null }
}

/** `null`: this is no pointer, or one of a release that this one knows nothing of. */
export function parsePointer(body: unknown): Pointer | null {
  return schema.safeParse(body).data ?? null
}
