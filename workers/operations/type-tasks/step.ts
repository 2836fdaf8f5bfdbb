import type { GraphAddress } from '../../../core/log/address.ts'
import type { TypeDefinition } from '../../../core/log/records.ts'
import type { TypeStep } from '../../../core/types/change-type.ts'
import type { Database } from '../../../db/client.ts'
import type { TypeTaskProgress } from '../../../db/queries/type-tasks.ts'

/** What one page of a task works on. */
export type TaskPage = {
  readonly shard: Database
  readonly graph: GraphAddress
  readonly task: TypeTaskProgress
  /** As it was when the task was loaded, at most a few pages ago; `null`: not defined any more. */
  readonly type: TypeDefinition | null
}

export type PageResult =
  /** The page is done and written down, by `moveTypeTask` or in a transaction of the step's own. */
  | { readonly status: 'moved'; readonly task: TypeTaskProgress }
  /** The task is not where it was: another run has moved it, or it has ended or begun anew. */
  | { readonly status: 'overtaken' }
  /**
   * Nothing is left to do. `change` says so in the log and ends the task; it is refused when any type
   * of the graph has changed since `type` was read, and the page is done again. `null`: nobody who
   * reads the graph can tell, and the task just ends.
   */
  | { readonly status: 'finished'; readonly change: TypeStep | null }

/**
 * Does the next page of a task. Two runs may do the same page at once, and a run may end anywhere:
 * what it does must come to the same, however often and however far it is done.
 */
export type TaskStep = (page: TaskPage) => Promise<PageResult>
