import type { TypeDefinition } from '../../core/log/records.ts'
import { buildTask } from '../../core/types/declared-indexes.ts'
import type { DeclaredIndex, TypeChange } from '../../core/types/definition.ts'
import type { TypeTaskProgress } from '../../db/queries/type-tasks.ts'
import type { TypeWithTasks } from '../../db/queries/types.ts'

/** A type as clients see it: with how far the work on it has got. */
export type TypeView = Omit<TypeDefinition, 'change' | 'indexes'> & {
  /** `checked`: records done so far, while it is checking. */
  readonly change: (TypeChange & { readonly checked?: number }) | null
  /** `indexed`: records done so far, while it is building. */
  readonly indexes: readonly (Omit<DeclaredIndex, 'id'> & { readonly indexed?: number })[]
}

export function typeView({ type, tasks }: TypeWithTasks): TypeView {
  const { change } = type
  return {
    ...type,
    change: change?.status === 'checking' ? { ...change, checked: doneOf(tasks, 'check') } : change,
    indexes: type.indexes.map(({ id, ...index }) =>
      index.status === 'building' ? { ...index, indexed: doneOf(tasks, buildTask({ id })) } : index,
    ),
  }
}

function doneOf(tasks: readonly TypeTaskProgress[], task: TypeTaskProgress['task']): number {
  return tasks.find((each) => each.task === task)?.done ?? 0
}
