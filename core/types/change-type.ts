import { AppError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import type { TypeOp } from '../log/requests.ts'
import { changeIndexes, type IndexesChange, type WantedIndex } from './declared-indexes.ts'
import type { TypeState, TypeTask } from './definition.ts'
import { isSameJson } from './same-json.ts'
import { isWidening } from './widening.ts'

/** What a caller wants a type to be. */
export type WantedType = {
  readonly json_schema: JsonObject
  /** `null`: those there are. */
  readonly indexes: readonly WantedIndex[] | null
}

/** A change of a type, without the type's name. */
export type TypeStep = Omit<TypeOp, 'op' | 'kind' | 'name'>

/** A type that is not defined: it takes any properties. */
const UNDEFINED: TypeState = { json_schema: {}, change: null, indexes: [] }

/**
 * How to get from a type (`null`: not defined) to what is wanted: steps of which the first that is
 * not refused as `type_in_use` does it; none when it is so already. A schema that takes whatever the
 * former took is in force at once, and so is any while there are no records. Otherwise the new schema
 * binds every write first, and then the records there are checked (C5).
 *
 * Throws `conflict` while another change is under way, unless the current schema is wanted: that ends
 * it.
 */
export function changeType(
  current: TypeState | null,
  wanted: WantedType,
  newId: () => string,
): readonly TypeStep[] {
  const { json_schema, change, indexes } = current ?? UNDEFINED
  const next =
    wanted.indexes === null
      ? { indexes, startTasks: [], endTasks: [] }
      : changeIndexes(indexes, wanted.indexes, newId)
  const hasSameIndexes = next.startTasks.length === 0 && isSameJson(next.indexes, indexes)
  const event = current ? 'type.changed' : 'type.defined'
  if (current && isSameJson(json_schema, wanted.json_schema)) {
    if (change === null && hasSameIndexes) return []
    return [inForce(event, current.json_schema, next, endOf(current))]
  }
  if (change?.status === 'checking') {
    if (!isSameJson(change.json_schema, wanted.json_schema)) throw underWay()
    return hasSameIndexes
      ? []
      : [
          {
            ...inForce(event, json_schema, next),
            after: { json_schema, change, indexes: next.indexes },
          },
        ]
  }
  if (isWidening(json_schema, wanted.json_schema)) {
    return [inForce(event, wanted.json_schema, next)]
  }
  return [
    { ...inForce(event, wanted.json_schema, next), onlyIfUnused: true },
    {
      event: 'type.changing',
      after: {
        json_schema,
        change: { status: 'checking', json_schema: wanted.json_schema },
        indexes: next.indexes,
      },
      onlyIfUnused: false,
      startTasks: ['check', ...next.startTasks],
      endTasks: next.endTasks,
    },
  ]
}

function inForce(
  event: TypeStep['event'],
  json_schema: JsonObject,
  { indexes, startTasks, endTasks }: IndexesChange,
  alsoEnd: readonly TypeTask[] = [],
): TypeStep {
  return {
    event,
    after: { json_schema, change: null, indexes },
    onlyIfUnused: false,
    startTasks,
    endTasks: [...alsoEnd, ...endTasks],
  }
}

function endOf({ change }: TypeState): readonly TypeTask[] {
  return change?.status === 'checking' ? ['check'] : []
}

function underWay(): AppError {
  return new AppError(
    'conflict',
    'another schema is being checked for this type: wait for it, or PUT the current schema to call it off',
  )
}

/** Ends the definition; the records stay as they are. */
export function removeType(current: TypeState): TypeStep {
  const { startTasks, endTasks } = changeIndexes(current.indexes, [], () => '')
  return {
    event: 'type.removed',
    after: null,
    onlyIfUnused: false,
    startTasks,
    endTasks: [...endOf(current), ...endTasks],
  }
}
