import { laggingConsumers, waitingReplays } from '../db/queries/lagging.ts'
import type { DispatchDeps } from './dispatch.ts'
import type { Pointer } from './messages.ts'

/** Whoever worked on it more recently is probably still at it, or a pointer is on its way. */
const IDLE_SECONDS = 30
/** Pointers of one run and shard. */
const MAX_POINTERS = 1_000
/** Messages sent at a time. */
const CONCURRENCY = 4

/**
 * Finds graphs of a shard with events that some consumer has not read, and replays that stand still, and
 * sends a pointer to each: whatever became of the messages that should have done so. Returns how many.
 */
export async function sweep(
  deps: DispatchDeps,
  shardId: string,
  idleSeconds = IDLE_SECONDS,
): Promise<number> {
  const shard = deps.shard(shardId)
  const names = deps.consumers.map(({ name }) => name)
  const idle = { idleSeconds, limit: MAX_POINTERS }
  const lagging = await laggingConsumers(shard, shardId, names, idle)
  const replays = await waitingReplays(shard, shardId, idle)
  const pointers: Pointer[] = [
    ...lagging.map(({ graph, consumer }) => ({ graph, consumer, replay: null })),
    ...replays.map(({ graph, id }) => ({ graph, consumer: null, replay: id })),
  ]
  const left = [...pointers]
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      for (let pointer = left.shift(); pointer; pointer = left.shift()) {
        await deps.send('backlog', pointer, 0)
      }
    }),
  )
  return pointers.length
}
