import { isJsonObject, type Json, type JsonObject } from '../json.ts'
import type { Includes } from './widening.ts'

/**
 * Whether a schema implies a requirement about the values of an object's properties. A property is
 * bound by its own schema and by those of the patterns it matches, or else by that of additional ones.
 */
export function impliesProperties(
  before: JsonObject,
  required: JsonObject,
  includes: Includes,
): boolean {
  const [keyword = ''] = Object.keys(required)
  if (keyword === 'propertyNames') {
    return includes(before.propertyNames ?? true, required.propertyNames ?? true)
  }
  if (keyword === 'dependentSchemas') {
    const given = mapOf(before.dependentSchemas)
    return Object.entries(mapOf(required.dependentSchemas)).every(([key, schema]) =>
      includes(given[key] ?? {}, schema),
    )
  }
  if (!['properties', 'patternProperties', 'additionalProperties'].includes(keyword)) return false
  const [former, latter] = [propertiesOf(before), propertiesOf(required)]
  const isImplied = (given: readonly Json[], wanted: Json) =>
    given.some((each) => includes(each, wanted))
  const names = new Set([...Object.keys(former.named), ...Object.keys(latter.named)])
  const named = [...names].every((name) => {
    const given = schemasFor(former, name)
    return schemasFor(latter, name).every((wanted) => isImplied(given, wanted))
  })
  // A name that neither lists may match any of the patterns, several, or none.
  const patterned = Object.entries(latter.patterns).every(([pattern, wanted]) => {
    const same = former.patterns[pattern]
    if (same !== undefined) return isImplied([same], wanted)
    return everyOther(former).every((given) => isImplied([given], wanted))
  })
  const others = everyOther(former, Object.keys(latter.patterns))
  return named && patterned && others.every((given) => isImplied([given], latter.additional))
}

type Properties = {
  readonly named: JsonObject
  readonly patterns: JsonObject
  readonly additional: Json
}

function propertiesOf(schema: JsonObject): Properties {
  return {
    named: mapOf(schema.properties),
    patterns: mapOf(schema.patternProperties),
    additional: schema.additionalProperties ?? true,
  }
}

/** Without a prototype: a property may have any name. */
function mapOf(value: Json | undefined): JsonObject {
  return Object.assign(Object.create(null), isJsonObject(value) ? value : {})
}

/** The schemas that the property `name` has to satisfy. */
function schemasFor({ named, patterns, additional }: Properties, name: string): readonly Json[] {
  const own = named[name]
  const matching = Object.entries(patterns)
    .filter(([pattern]) => new RegExp(pattern, 'u').test(name))
    .map(([, schema]) => schema)
  const all = own === undefined ? matching : [own, ...matching]
  return all.length > 0 ? all : [additional]
}

/** What a property that is not listed may be bound by alone; it matches none of `except`. */
function everyOther(
  { patterns, additional }: Properties,
  except: readonly string[] = [],
): readonly Json[] {
  const left = Object.entries(patterns).filter(([pattern]) => !except.includes(pattern))
  return [...left.map(([, schema]) => schema), additional]
}

/** Whether a schema implies a requirement about the items of an array, place by place. */
export function impliesItems(
  before: JsonObject,
  required: JsonObject,
  includes: Includes,
): boolean {
  const [keyword = ''] = Object.keys(required)
  if (!['prefixItems', 'items'].includes(keyword)) return false
  const [former, latter] = [itemsOf(before), itemsOf(required)]
  if (!former || !latter) return false
  const places = Math.max(former.prefix.length, latter.prefix.length)
  return Array.from({ length: places + 1 }, (_, place) => place).every((place) =>
    includes(former.prefix[place] ?? former.rest, latter.prefix[place] ?? latter.rest),
  )
}

/** `null`: in a form that this draft does not have. */
function itemsOf(schema: JsonObject): { prefix: readonly Json[]; rest: Json } | null {
  const { prefixItems = [], items = true } = schema
  if (!Array.isArray(prefixItems) || Array.isArray(items) || 'additionalItems' in schema)
    return null
  return { prefix: prefixItems, rest: items }
}
