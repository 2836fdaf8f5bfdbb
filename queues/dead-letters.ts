import { z } from 'zod'
import { graphId, tenantId } from '../core/ids.ts'
import { keepDeadLetter } from '../db/queries/dead-letters.ts'
import type { DispatchDeps, QueueMessage } from './dispatch.ts'
import { DEAD_QUEUE } from './messages.ts'

/** Owner of messages that say of nobody: no tenant has this id, and no policy shows its rows. */
const NOBODY = '00000000-0000-0000-0000-000000000000'

/** As much as can be told of a message, whatever release it is of. */
const owner = z.looseObject({ tenant_id: z.uuid(), graph_id: z.uuid(), shard_id: z.string() })

type Storage = Pick<DispatchDeps, 'shard' | 'anyShard'>

/** Writes a message that failed for good into its graph's shard. False: not even that was possible. */
export async function keepMessage(
  storage: Storage,
  queue: string,
  { id, body, attempts }: QueueMessage,
  reason: string,
): Promise<boolean> {
  try {
    const known = owner.safeParse(body).data
    const shard = (known && shardOf(storage, known.shard_id)) ?? storage.anyShard()
    const letter = { id, queue, message: body, reason, attempts }
    const of = { tenantId: known?.tenant_id ?? NOBODY, graphId: known?.graph_id ?? NOBODY }
    await keepDeadLetter(
      shard,
      { tenantId: tenantId(of.tenantId), graphId: graphId(of.graphId) },
      letter,
    )
    return true
  } catch {
    // The database does not answer: the message itself stays in its queue, or comes to the dead ones.
    return false
  }
}

function shardOf({ shard }: Storage, id: string) {
  try {
    return shard(id)
  } catch {
    // TENDRIL_SHARDS does not name it: this may be why the message failed.
    return undefined
  }
}

/** Works on the queue that the platform moves messages to after their last retry. */
export async function storeDeadLetters(
  deps: DispatchDeps,
  messages: readonly QueueMessage[],
): Promise<void> {
  for (const message of messages) {
    const reason = 'no attempt succeeded, and the reason of the last one could not be kept'
    const isKept = await keepMessage(deps, DEAD_QUEUE, message, reason)
    if (isKept) message.ack()
    else message.retry({ delaySeconds: RETRY_SECONDS })
  }
}

const RETRY_SECONDS = 60
