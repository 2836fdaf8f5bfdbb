import { Validator } from '@cfworker/json-schema'
import type { Json, JsonObject } from '../json.ts'
import { isSameJson } from './same-json.ts'

const TYPES = ['array', 'boolean', 'null', 'number', 'object', 'string'] as const

/** Keywords that values of one type only can fail. */
const OF_TYPE: ReadonlyMap<string, string> = new Map(
  Object.entries({
    number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
    string: ['minLength', 'maxLength', 'pattern', 'format'],
    array: ['minItems', 'maxItems', 'uniqueItems', 'prefixItems', 'items', 'contains'],
    object: [
      ...['minProperties', 'maxProperties', 'required', 'propertyNames'],
      ...['properties', 'patternProperties', 'additionalProperties'],
      ...['dependentRequired', 'dependentSchemas'],
    ],
  }).flatMap(([type, keywords]) => keywords.map((keyword) => [keyword, type] as const)),
)

/** Whether a schema implies a requirement about types, numbers, lengths, counts or names. */
export function impliesScalar(before: JsonObject, required: JsonObject): boolean {
  const keywords = Object.keys(required)
  const [keyword = ''] = keywords
  if (keywords.every((each) => isOutOfReach(before, each))) return true
  if (keywords.length > 1) return false
  const value = required[keyword]
  const given = before[keyword]
  switch (keyword) {
    case 'type':
      return allowedTypes(before).every((type) => isAllowed(type, value))
    case 'minimum':
      return isAtLeast(before.minimum, value) || isAtLeast(before.exclusiveMinimum, value)
    case 'exclusiveMinimum':
      return isAtLeast(before.exclusiveMinimum, value) || isAbove(before.minimum, value)
    case 'maximum':
      return isAtLeast(value, before.maximum) || isAtLeast(value, before.exclusiveMaximum)
    case 'exclusiveMaximum':
      return isAtLeast(value, before.exclusiveMaximum) || isAbove(value, before.maximum)
    case 'multipleOf':
      return typeof given === 'number' && isMultipleOf(given, value)
    case 'minLength':
    case 'minItems':
    case 'minProperties':
      return isAtLeast(given ?? 0, value)
    case 'maxLength':
    case 'maxItems':
    case 'maxProperties':
      return isAtLeast(value, given)
    case 'uniqueItems':
      return value === false || isAtLeast(1, before.maxItems)
    case 'required':
      return isSubset(value, before.required)
    case 'dependentRequired':
      return impliesDependents(before, value)
    default:
      return false
  }
}

/** No value that the schema takes is of the type that the keyword is about. */
function isOutOfReach(before: JsonObject, keyword: string): boolean {
  const about = OF_TYPE.get(keyword)
  if (about === undefined) return false
  return !allowedTypes(before).some(
    (type) => type === about || (type === 'integer' && about === 'number'),
  )
}

function allowedTypes({ type }: JsonObject): readonly Json[] {
  if (type === undefined) return TYPES
  return Array.isArray(type) ? type : [type as Json]
}

function isAllowed(type: Json, allowed: Json | undefined): boolean {
  const types = Array.isArray(allowed) ? allowed : [allowed]
  return types.includes(type) || (type === 'integer' && types.includes('number'))
}

function isAtLeast(a: Json | undefined, b: Json | undefined): boolean {
  return typeof a === 'number' && typeof b === 'number' && a >= b
}

function isAbove(a: Json | undefined, b: Json | undefined): boolean {
  return typeof a === 'number' && typeof b === 'number' && a > b
}

/** By the validator's own arithmetic, which is exact in decimals. */
function isMultipleOf(number: number, divisor: Json | undefined): boolean {
  if (typeof divisor !== 'number') return false
  return new Validator({ multipleOf: divisor }, '2020-12').validate(number).valid
}

function isSubset(some: Json | undefined, all: Json | undefined): boolean {
  if (!Array.isArray(some)) return false
  const there: readonly Json[] = Array.isArray(all) ? all : []
  return some.every((each) => there.some((other) => isSameJson(each, other)))
}

function impliesDependents(before: JsonObject, value: Json | undefined): boolean {
  const given = (before.dependentRequired ?? {}) as JsonObject
  return Object.entries((value ?? {}) as JsonObject).every(
    ([key, names]) =>
      isSubset(names, before.required) ||
      (Object.hasOwn(given, key) && isSubset(names, given[key])) ||
      isSubset(names, [key]),
  )
}
