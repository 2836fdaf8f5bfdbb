import { dereference, type OutputUnit, type Schema, Validator } from '@cfworker/json-schema'
import isSafeRegex from 'safe-regex2'
import type { FieldError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'

/**
 * What is wrong with a JSON Schema (draft 2020-12), as pointers into it. Found when a type is
 * defined: later it would fail every write of a record that reaches the bad part.
 */
export function jsonSchemaProblems(jsonSchema: JsonObject): FieldError[] {
  if (JSON.stringify(jsonSchema).length > MAX_SCHEMA_CHARACTERS) {
    return [{ pointer: '', message: `has more than ${MAX_SCHEMA_CHARACTERS} characters` }]
  }
  const { errors } = META_SCHEMA.validate(jsonSchema)
  if (errors.length === 0) return referenceProblems(jsonSchema)
  return errors
    .filter((each) => !errors.some((other) => isInside(other, each)))
    .map(({ instanceLocation, error }) => ({
      pointer: pointerOf(instanceLocation),
      message: error,
    }))
}

/** A failed part makes the whole fail too: only the innermost errors name a place. */
function isInside(inner: OutputUnit, outer: OutputUnit): boolean {
  return inner.keywordLocation.startsWith(`${outer.keywordLocation}/`)
}

/** The validator writes locations as URI fragments. */
export function pointerOf(location: string): string {
  return decodeURIComponent(location.replace(/^#/, ''))
}

type Rule = Schema | boolean

const schema: Rule = { $ref: '#' }
const schemaList: Rule = { type: 'array', minItems: 1, items: schema }
const schemaMap: Schema = { type: 'object', additionalProperties: schema }
const count: Rule = { type: 'integer', minimum: 0 }
const number: Rule = { type: 'number' }
const text: Rule = { type: 'string' }
const texts: Rule = { type: 'array', items: text, uniqueItems: true }
const regex: Rule = { type: 'string', format: 'regex' }
const types = ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string']
/** The validator does not know it: to ignore it would be to check less than was asked for. */
const unsupported: Rule = false

/** The keywords that the validator acts on, and what their values have to be. */
const META_SCHEMA = new Validator(
  {
    type: ['object', 'boolean'],
    properties: {
      $id: text,
      $ref: text,
      $anchor: text,
      $dynamicRef: unsupported,
      $recursiveRef: unsupported,
      $defs: schemaMap,
      definitions: schemaMap,
      type: { anyOf: [{ enum: types }, { type: 'array', minItems: 1, items: { enum: types } }] },
      enum: { type: 'array' },
      allOf: schemaList,
      anyOf: schemaList,
      oneOf: schemaList,
      not: schema,
      if: schema,
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: schema,
      else: schema,
      format: text,
      pattern: regex,
      minLength: count,
      maxLength: count,
      minimum: number,
      maximum: number,
      exclusiveMinimum: number,
      exclusiveMaximum: number,
      multipleOf: { type: 'number', exclusiveMinimum: 0 },
      properties: schemaMap,
      patternProperties: { ...schemaMap, propertyNames: regex },
      additionalProperties: schema,
      unevaluatedProperties: schema,
      propertyNames: schema,
      required: texts,
      minProperties: count,
      maxProperties: count,
      dependentRequired: { type: 'object', additionalProperties: texts },
      dependentSchemas: schemaMap,
      prefixItems: schemaList,
      items: schema,
      unevaluatedItems: schema,
      contains: schema,
      minContains: count,
      maxContains: count,
      minItems: count,
      maxItems: count,
      uniqueItems: { type: 'boolean' },
    },
  },
  '2020-12',
  false,
)

/**
 * Bounds of what one schema may cost, since every write of its type pays for it and the isolate serves
 * other tenants, too.
 */
const MAX_SCHEMA_CHARACTERS = 32_768
/** Schemas that checking one value may come to, references followed. */
const MAX_EXPANSION = 2_000
/** Items that are compared pair by pair. */
const MAX_UNIQUE_ITEMS = 1_000

/** References to what is not there, those that lead back to themselves, and what would take too long. */
function referenceProblems(jsonSchema: JsonObject): FieldError[] {
  // A copy, because every part of it is marked with its address.
  const parts = addressed(structuredClone(jsonSchema))
  if (parts === null) return [{ pointer: '', message: 'an $id or $ref is not a usable address' }]
  const broken = Object.entries(parts).flatMap(([uri, part]) => {
    if (typeof part === 'boolean' || part.$ref === undefined) return []
    const pointer = `${pointerOf(new URL(uri).hash)}/$ref`
    if (targetOf(part, parts) === undefined) {
      return [{ pointer, message: `there is no ${JSON.stringify(part.$ref)} in this schema` }]
    }
    return leadsTo(part, part, parts)
      ? [{ pointer, message: `${JSON.stringify(part.$ref)} leads back to itself` }]
      : []
  })
  return broken.length > 0 ? broken : costProblems(parts)
}

/** What would make a check of a small value take long. */
function costProblems(parts: Parts): FieldError[] {
  const sizes = new Map<Schema, number>()
  return Object.entries(parts).flatMap(([uri, part]) => {
    if (typeof part === 'boolean') return []
    const pointer = pointerOf(new URL(uri).hash)
    const problems: FieldError[] = []
    if (expansion(part, parts, sizes) > MAX_EXPANSION) {
      const message = `comes to more than ${MAX_EXPANSION} schemas for one value`
      problems.push({ pointer, message })
    }
    if (part.uniqueItems === true && !((part.maxItems ?? Infinity) <= MAX_UNIQUE_ITEMS)) {
      const message = `needs a maxItems of at most ${MAX_UNIQUE_ITEMS}`
      problems.push({ pointer: `${pointer}/uniqueItems`, message })
    }
    const patterns = [...(part.pattern === undefined ? [] : [part.pattern])]
    for (const pattern of [...patterns, ...Object.keys(part.patternProperties ?? {})]) {
      if (isSafeRegex(pattern)) continue
      const message = `${JSON.stringify(pattern)} may take exponential time: no repeat inside a repeat`
      problems.push({ pointer, message })
    }
    return problems
  })
}

/** How many schemas one value is checked against; there are no circles when this is asked. */
function expansion(part: Schema, parts: Parts, sizes: Map<Schema, number>): number {
  const known = sizes.get(part)
  if (known !== undefined) return known
  // Bounds the recursion where a circle goes through an unreferenced part.
  sizes.set(part, 1)
  let size = 1
  for (const next of checkedWith(part, parts)) size += expansion(next, parts, sizes)
  const bounded = Math.min(size, MAX_EXPANSION + 1)
  sizes.set(part, bounded)
  return bounded
}

/** The schemas that the same value is checked against when it is checked against `part`. */
function checkedWith(part: Schema, parts: Parts): Schema[] {
  const { allOf = [], anyOf = [], oneOf = [], dependentSchemas = {} } = part
  return [
    targetOf(part, parts),
    ...[...allOf, ...anyOf, ...oneOf, part.not, part.if, part.then, part.else],
    ...Object.values(dependentSchemas),
  ].filter((each) => typeof each === 'object')
}

type Parts = Record<string, Schema | boolean>

/** Every part by its address; `null` when an address makes no sense or stands for two parts. */
function addressed(jsonSchema: JsonObject): Parts | null {
  try {
    return dereference({ ...jsonSchema })
  } catch {
    // What is no URI, or the same $id or $anchor twice.
    return null
  }
}

function targetOf(part: Schema, parts: Parts): Schema | boolean | undefined {
  return parts[part.__absolute_ref__ ?? '']
}

/** Whether checking `from` comes to checking `to` for the same value again. */
function leadsTo(from: Schema, to: Schema, parts: Parts): boolean {
  const seen = new Set<Schema>()
  const open = [from]
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    for (const next of checkedWith(part, parts)) {
      if (next === to) return true
      if (!seen.has(next)) open.push(next)
      seen.add(next)
    }
  }
  return false
}
