import { isAppError } from '../../../core/errors.ts'
import type { Counterexample } from '../../../core/types/definition.ts'
import { acceptChange, refuseChange } from '../../../core/types/finish-task.ts'
import { compileSchema, propertyErrors } from '../../../core/types/graph-schema.ts'
import { type RecordsToCheck, recordsToCheck } from '../../../db/queries/check.ts'
import { moveTypeTask } from '../../../db/queries/type-tasks.ts'
import type { PageResult, TaskPage } from './step.ts'

/** Records of a page. */
export const CHECK_PAGE_ROWS = 1_000
/** Records that a refusal names. */
const MAX_EXAMPLES = 10
/** Bad fields told of one record, and characters of what is said of each. */
const MAX_ERRORS = 10
const MAX_ERROR_CHARACTERS = 300

/**
 * Checks the next records that were written before the narrower schema bound every write. One that
 * was written since has another version, and was checked then.
 */
export async function checkPage(page: TaskPage): Promise<PageResult> {
  const { shard, graph, task, type } = page
  // Type and task were read together, so this one has nothing to do with the type as it is.
  if (type?.change?.status !== 'checking') return { status: 'finished', change: null }
  const { records, cursor } = await nextRecords(page)
  const validator = compileSchema(type.change.json_schema)
  const examples: Counterexample[] = []
  for (const { id, external_id, properties } of records) {
    const errors = propertyErrors(validator, properties)
    if (errors.length > 0) examples.push({ id, external_id, errors: shortened(errors) })
    if (examples.length === MAX_EXAMPLES) break
  }
  if (examples.length > 0) return { status: 'finished', change: refuseChange(type, examples) }
  if (cursor === null) return { status: 'finished', change: acceptChange(type) }
  const moved = await moveTypeTask(shard, graph, task, { cursor, done: records.length })
  return moved ? { status: 'moved', task: moved } : { status: 'overtaken' }
}

/** Fewer where a whole page is more than one answer of the database may hold. */
async function nextRecords({ shard, graph, task }: TaskPage): Promise<RecordsToCheck> {
  for (let limit = CHECK_PAGE_ROWS; ; limit = Math.ceil(limit / 4)) {
    try {
      return await recordsToCheck(shard, graph, task, limit)
    } catch (error) {
      if (!isAppError(error) || error.code !== 'payload_too_large' || limit === 1) throw error
    }
  }
}

function shortened(errors: Counterexample['errors']): Counterexample['errors'] {
  return errors.slice(0, MAX_ERRORS).map(({ pointer, message }) => ({
    pointer: pointer.slice(0, MAX_ERROR_CHARACTERS),
    message: message.slice(0, MAX_ERROR_CHARACTERS),
  }))
}
