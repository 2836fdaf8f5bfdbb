import { Validator } from '@cfworker/json-schema'
import { isJsonObject, type Json, type JsonObject } from '../json.ts'
import { isSameJson } from './same-json.ts'
import { requirementsOf } from './schema-requirements.ts'
import { impliesItems, impliesProperties } from './widening-children.ts'
import { impliesScalar } from './widening-scalars.ts'

/** Comparisons of two parts after which the answer is no: every one of them may lead to more. */
const MAX_COMPARISONS = 5_000

/**
 * Whether every value that is valid under `before` is surely valid under `after`, as the validator
 * in use sees it. `true` is a proof; `false` says only that this does not see one. Both schemas are
 * ones that `jsonSchemaProblems` found nothing wrong with.
 *
 * A schema is taken apart into requirements that each have to be met; `before` implies `after` when
 * it implies every requirement of it. What is not known to be harmless has to be there before as it
 * is after.
 */
export function isWidening(before: JsonObject, after: JsonObject): boolean {
  if (isSameJson(before, after)) return true
  if (!isComparable(before) || !isComparable(after)) return false
  if (!hasComparableReferences(before, after)) return false
  let left = MAX_COMPARISONS
  const includes: Includes = (one, other) => {
    left -= 1
    return left > 0 && isIncluded(one, other, includes)
  }
  return includes(before, after)
}

/** Whether every value valid under the first schema is surely valid under the second. */
export type Includes = (before: Json, after: Json) => boolean

function isIncluded(before: Json, after: Json, includes: Includes): boolean {
  if (before === false || after === true) return true
  const given = before === true ? {} : before
  if (!isJsonObject(given) || !isJsonObject(after)) return false
  if (isSameJson(given, after)) return true
  return requirementsOf(after).every((required) => implies(given, required, includes))
}

/** Whether `before` implies one requirement: by itself, or by a schema that its values satisfy, too. */
function implies(before: JsonObject, required: JsonObject, includes: Includes): boolean {
  if (impliesItself(before, required, includes)) return true
  const { allOf, anyOf, oneOf } = before
  return (
    (isList(allOf) && allOf.some((each) => includes(each, required))) ||
    (isList(anyOf) && anyOf.every((each) => includes(each, required))) ||
    (isList(oneOf) && oneOf.every((each) => includes(each, required)))
  )
}

function impliesItself(before: JsonObject, required: JsonObject, includes: Includes): boolean {
  const [keyword = ''] = Object.keys(required)
  if (isSameJson(sameKeywords(before, required), required)) return true
  const values = valuesOf(before)
  if (values !== null) return satisfyAll(values, required)
  return (
    impliesScalar(before, required) ||
    impliesProperties(before, required, includes) ||
    impliesItems(before, required, includes) ||
    impliesCombination(before, keyword, required[keyword], includes)
  )
}

/** Keywords that act together come as one requirement, and have to be the same together. */
function sameKeywords(schema: JsonObject, required: JsonObject): JsonObject {
  const keywords = requirementsOf(schema).find((each) =>
    Object.keys(each).some((key) => Object.hasOwn(required, key)),
  )
  return keywords ?? {}
}

/** The only values that a schema may take, if it lists them. */
function valuesOf({ const: only, enum: some }: JsonObject): readonly Json[] | null {
  if (only !== undefined) return [only]
  return isList(some) ? some : null
}

/** Asks the validator itself, unless the requirement leads elsewhere. */
function satisfyAll(values: readonly Json[], required: JsonObject): boolean {
  if (hasReference(required)) return false
  const validator = new Validator(structuredClone(required), '2020-12')
  return values.every((value) => validator.validate(value).valid)
}

function impliesCombination(
  before: JsonObject,
  keyword: string,
  value: Json | undefined,
  includes: Includes,
): boolean {
  switch (keyword) {
    case 'allOf':
      return isList(value) && value.every((each) => includes(before, each))
    case 'anyOf':
      return isList(value) && value.some((each) => includes(before, each))
    case 'not':
      // What the former excluded has to be at least what is excluded now.
      return value !== undefined && before.not !== undefined && includes(value, before.not)
    default:
      return false
  }
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

/**
 * References are compared by their text, so the same text has to lead to the same definition in both.
 */
function hasComparableReferences(before: JsonObject, after: JsonObject): boolean {
  if (!hasReference(before) && !hasReference(after)) return true
  if (hasOwnAddress(before) || hasOwnAddress(after)) return false
  return (['$defs', 'definitions'] as const).every((where) => {
    const [former, latter] = [before[where] ?? {}, after[where] ?? {}]
    if (!isJsonObject(former) || !isJsonObject(latter)) return false
    return Object.keys(latter).every(
      (name) => !Object.hasOwn(former, name) || isSameJson(former[name], latter[name]),
    )
  })
}

function hasReference(part: Json): boolean {
  return someKey(part, (key) => ['$ref', '$dynamicRef', '$recursiveRef'].includes(key))
}

/** A part that looks at what the parts around it have left over means another thing elsewhere. */
function isComparable(schema: JsonObject): boolean {
  return !someKey(schema, (key) => key.startsWith('unevaluated'))
}

/** Parts with addresses of their own, and references to what is no definition at the root. */
function hasOwnAddress(part: Json): boolean {
  return someKey(part, (key, value) => {
    if (key === '$ref') return !/^#\/(\$defs|definitions)\//.test(String(value))
    return ['$id', 'id', '$anchor', '$dynamicRef', '$recursiveRef'].includes(key)
  })
}

function someKey(part: Json, is: (key: string, value: Json) => boolean): boolean {
  if (Array.isArray(part)) return part.some((each) => someKey(each, is))
  if (!isJsonObject(part)) return false
  return Object.entries(part).some(([key, value]) => is(key, value) || someKey(value, is))
}
