import { isAppError } from '../../../core/errors.ts'
import type { GraphAddress } from '../../../core/log/address.ts'
import type { Origin } from '../../../core/log/requests.ts'
import type { TypeStep } from '../../../core/types/change-type.ts'
import { endTypeTask, loadTypeTask, type TypeTaskName } from '../../../db/queries/type-tasks.ts'
import type { Services } from '../../services.ts'
import { typeRequest } from '../type-request.ts'
import type { TaskStep } from './step.ts'
import { stepOf } from './steps.ts'

export type TaskRun = {
  readonly services: Pick<Services, 'shard' | 'commit' | 'newId' | 'now'>
  readonly graph: GraphAddress
  readonly name: TypeTaskName
  /** Who the end of the task is put down to. */
  readonly origin: Origin
}

/** Pages and time after which a run leaves the rest to the next. */
export type TaskBudget = { readonly maxPages: number; readonly untilMs: number }

/** `ended`: there is no such task any more, or its graph is gone. */
export type TaskOutcome = 'ended' | 'more'

/**
 * Works on a task of a type, page by page, until it is done or the budget is. Safe at any time, by
 * several at once, and wherever it stops: the task's row says how far it is, and moves by
 * compare-and-set only. Rejects as the database does; the task then waits for the next run.
 */
export async function runTypeTask(
  run: TaskRun,
  budget: TaskBudget,
  step: TaskStep = stepOf(run.name.task),
): Promise<TaskOutcome> {
  try {
    return await work(run, budget, step)
  } catch (error) {
    // The graph was deleted, or moved to where another task of this name is.
    if (isAppError(error) && error.code === 'not_found') return 'ended'
    throw error
  }
}

async function work(run: TaskRun, budget: TaskBudget, step: TaskStep): Promise<TaskOutcome> {
  const { services, graph, name } = run
  const shard = services.shard(graph.shardId)
  let loaded = await loadTypeTask(shard, graph, name)
  for (let pages = 0; ; pages += 1) {
    const { task, type, schemaSeq } = loaded
    if (!task) return 'ended'
    if (pages >= budget.maxPages || services.now() >= budget.untilMs) return 'more'
    const result = await step({ shard, graph, task, type })
    switch (result.status) {
      case 'moved':
        loaded = { ...loaded, task: result.task }
        break
      case 'finished':
        if (result.change === null) await endTypeTask(shard, graph, task)
        else await commitEnd(run, schemaSeq, result.change)
        loaded = await loadTypeTask(shard, graph, name)
        break
      case 'overtaken':
        loaded = await loadTypeTask(shard, graph, name)
    }
  }
}

/** Whatever the answer, the task's row tells what came of it: it goes with this commit, or stays. */
async function commitEnd(
  { services, graph, name: { kind, name }, origin }: TaskRun,
  schemaSeq: number,
  change: TypeStep,
): Promise<void> {
  const identity = { commitId: services.newId(), fingerprint: '' }
  await services.commit(graph, typeRequest({ identity, origin, kind, name, schemaSeq, change }))
}
