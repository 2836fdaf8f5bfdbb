import type { Database } from '../../../db/client.ts'
import {
  touchTypeTask,
  type WaitingTypeTask,
  waitingTypeTasks,
} from '../../../db/queries/type-tasks.ts'
import { runTypeTask, type TaskRun } from './run.ts'

/** A task that was worked on this recently is in the hands of a request or another run. */
const IDLE_SECONDS = 15
/** Tasks of one run. */
const MAX_TASKS = 200
/** Pages of a task before the next one has its turn. */
const SLICE_PAGES = 10

/** Who background work is put down to in the log. */
const ACTOR = 'system:type-tasks'

export type WaitingRun = {
  readonly services: TaskRun['services']
  readonly shardId: string
  readonly untilMs: number
}

/**
 * Works on the waiting tasks of a shard's types, whosever they are, in turns until all have ended or
 * the time is over. A task that fails waits for the next run, and the first reason is thrown when the
 * others have had theirs.
 */
export async function runWaitingTypeTasks({
  services,
  shardId,
  untilMs,
}: WaitingRun): Promise<void> {
  const shard = services.shard(shardId)
  const failures: unknown[] = []
  let waiting = await waitingTypeTasks(shard, shardId, {
    idleSeconds: IDLE_SECONDS,
    limit: MAX_TASKS,
  })
  while (waiting.length > 0 && services.now() < untilMs) {
    const more: WaitingTypeTask[] = []
    for (const task of waiting) {
      if (services.now() >= untilMs) break
      try {
        if (await runSlice(services, shard, task, untilMs)) more.push(task)
      } catch (error) {
        failures.push(error)
      }
    }
    waiting = more
  }
  if (failures.length > 0) throw failures[0]
}

/** Whether the task is to go on. */
async function runSlice(
  services: TaskRun['services'],
  shard: Database,
  { graph, ...name }: WaitingTypeTask,
  untilMs: number,
): Promise<boolean> {
  await touchTypeTask(shard, graph, name)
  const origin = { actor: ACTOR, requestId: services.newId() }
  const outcome = await runTypeTask(
    { services, graph, name, origin },
    { maxPages: SLICE_PAGES, untilMs },
  )
  return outcome === 'more'
}
