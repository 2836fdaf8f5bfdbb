import type { TypeTask } from '../../../core/types/definition.ts'
import { checkPage } from './check.ts'
import { buildPage, dropPage } from './index-tasks.ts'
import type { TaskStep } from './step.ts'

type Word = TypeTask extends infer Task
  ? Task extends `${infer First}:${string}`
    ? First
    : Task
  : never

/** What does a page of each task, by the first word of its name. */
const STEPS: Readonly<Record<Word, TaskStep>> = {
  check: checkPage,
  build: buildPage,
  drop: dropPage,
}

export function stepOf(task: TypeTask): TaskStep {
  const [word] = task.split(':')
  return STEPS[word as Word]
}
