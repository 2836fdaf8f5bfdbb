import type { TypeStep } from './change-type.ts'
import { buildTask } from './declared-indexes.ts'
import type { Counterexample, TypeState } from './definition.ts'

/** Every record is as the narrower schema wants it: it is the type's schema now. */
export function acceptChange({ json_schema, change, indexes }: TypeState): TypeStep {
  return {
    event: 'type.changed',
    after: { json_schema: change?.json_schema ?? json_schema, change: null, indexes },
    onlyIfUnused: false,
    startTasks: [],
    endTasks: ['check'],
  }
}

/** Some records are not: the former schema goes on, and the examples stand in the type. */
export function refuseChange(
  { json_schema, change, indexes }: TypeState,
  examples: readonly Counterexample[],
): TypeStep {
  const refused = {
    status: 'refused',
    json_schema: change?.json_schema ?? json_schema,
    examples,
  } as const
  return {
    event: 'type.change_refused',
    after: { json_schema, change: refused, indexes },
    onlyIfUnused: false,
    startTasks: [],
    endTasks: ['check'],
  }
}

/** An index holds every record: queries may use it. */
export function finishIndex(
  { json_schema, change, indexes: all }: TypeState,
  id: string,
): TypeStep {
  const indexes = all.map((index) =>
    index.id === id ? ({ ...index, status: 'ready' } as const) : index,
  )
  return {
    event: 'type.indexed',
    after: { json_schema, change, indexes },
    onlyIfUnused: false,
    startTasks: [],
    endTasks: [buildTask({ id })],
  }
}
