import { finishIndex } from '../../../core/types/finish-task.ts'
import { buildIndexPage, dropIndexPage } from '../../../db/queries/index-build.ts'
import type { PageResult, TaskPage } from './step.ts'

/** Adds the next records to the index that the task names; after the last, queries may use it. */
export async function buildPage({ shard, graph, task, type }: TaskPage): Promise<PageResult> {
  const index = type?.indexes.find(({ id }) => id === indexId(task.task))
  // Type and task were read together, so this one has nothing to do with the type as it is.
  if (!type || index?.status !== 'building') return { status: 'finished', change: null }
  const page = await buildIndexPage(shard, graph, task, index)
  return page.status === 'last' ? { status: 'finished', change: finishIndex(type, index.id) } : page
}

/** Removes the next entries of an index that is not declared any more. */
export async function dropPage({ shard, graph, task }: TaskPage): Promise<PageResult> {
  const page = await dropIndexPage(shard, graph, task, indexId(task.task))
  return page.status === 'last' ? { status: 'finished', change: null } : page
}

function indexId(task: string): string {
  return task.replace(/^\w+:/, '')
}
