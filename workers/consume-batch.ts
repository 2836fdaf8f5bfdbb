import { openShard } from '../db/databases.ts'
import type { Env } from '../env.ts'
import { CONSUMERS } from '../queues/consumers/all.ts'
import { storeDeadLetters } from '../queues/dead-letters.ts'
import { type DispatchDeps, dispatchPointers, type QueueMessage } from '../queues/dispatch.ts'
import { DEAD_QUEUE, toMessage } from '../queues/messages.ts'

/** Works on what a queue hands over. Settles every message and does not reject. */
export function consumeBatch(
  env: Env,
  queue: string,
  messages: readonly QueueMessage[],
): Promise<void> {
  const deps = dispatchDeps(env)
  return queue === DEAD_QUEUE
    ? storeDeadLetters(deps, messages)
    : dispatchPointers(deps, queue, messages)
}

export function dispatchDeps(env: Env): DispatchDeps {
  return {
    shard: (shardId) => openShard(env, shardId),
    anyShard: () => openShard(env, env.TENDRIL_SHARDS[0]?.id ?? ''),
    consumers: CONSUMERS,
    async send(lane, pointer, delaySeconds) {
      const queue = lane === 'live' ? env.LOG_QUEUE : env.LOG_BACKLOG_QUEUE
      await queue.send(toMessage(pointer), { delaySeconds })
    },
    now: Date.now,
    random: Math.random,
    onFailure: (failure) => console.error(JSON.stringify({ level: 'error', ...failure })),
  }
}
