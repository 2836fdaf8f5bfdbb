import type { TypeTask } from '../../../core/types/definition.ts'
import { finishIndex } from '../../../core/types/finish-task.ts'
import { checkPage } from './check.ts'
import type { TaskStep } from './step.ts'

type Word = TypeTask extends infer Task
  ? Task extends `${infer First}:${string}`
    ? First
    : Task
  : never

/** What does a page of each task, by the first word of its name. */
const STEPS: Readonly<Record<Word, TaskStep>> = {
  check: checkPage,
  build: async ({ task, type }) => ({
    status: 'finished',
    change: type && finishIndex(type, task.task.slice('build:'.length)),
  }),
  drop: async () => ({ status: 'finished', change: null }),
}

export function stepOf(task: TypeTask): TaskStep {
  const [word] = task.split(':')
  return STEPS[word as Word]
}
