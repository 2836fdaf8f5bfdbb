import type { Database } from '../../db/client.ts'
import { eraseRest } from '../../db/commit/erase-statement.ts'
import { unfinishedErasures } from '../../db/queries/lagging.ts'

/** Longer than any request: whoever made it waits no more. */
const IDLE_SECONDS = 60
/** Erasures of one run and shard. */
const MAX_ERASURES = 100

/**
 * Blanks what erasures of a shard have left whose request broke off, step by step, until nothing is left
 * or `isOver`: the next run goes on. One that fails keeps no other from its turn; then it rejects in the
 * end.
 */
export async function finishErasures(
  shard: Database,
  shardId: string,
  { isOver, idleSeconds = IDLE_SECONDS }: { isOver: () => boolean; idleSeconds?: number },
): Promise<void> {
  const idle = { idleSeconds, limit: MAX_ERASURES }
  const failures: unknown[] = []
  for (const { graph, rest } of await unfinishedErasures(shard, shardId, idle)) {
    try {
      await eraseRest(shard, graph, rest, isOver)
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}
