import { dereference, type OutputUnit, type Schema, Validator } from '@cfworker/json-schema'
import type { FieldError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'

/**
 * What is wrong with a JSON Schema (draft 2020-12), as pointers into it. Found when a type is
 * defined: later it would fail every write of a record that reaches the bad part.
 */
export function jsonSchemaProblems(jsonSchema: JsonObject): FieldError[] {
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

/** References to what is not there, and those that lead back to themselves without end. */
function referenceProblems(jsonSchema: JsonObject): FieldError[] {
  // A copy, because every part of it is marked with its address.
  const parts = addressed(structuredClone(jsonSchema))
  if (parts === null) return [{ pointer: '', message: 'an $id or $ref is not a usable address' }]
  return Object.entries(parts).flatMap(([uri, part]) => {
    if (typeof part === 'boolean' || part.$ref === undefined) return []
    const pointer = `${pointerOf(new URL(uri).hash)}/$ref`
    if (targetOf(part, parts) === undefined) {
      return [{ pointer, message: `there is no ${JSON.stringify(part.$ref)} in this schema` }]
    }
    return leadsTo(part, part, parts, new Set())
      ? [{ pointer, message: `${JSON.stringify(part.$ref)} leads back to itself` }]
      : []
  })
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
function leadsTo(from: Schema, to: Schema, parts: Parts, seen: Set<Schema>): boolean {
  const { allOf = [], anyOf = [], oneOf = [], dependentSchemas = {} } = from
  const next = [
    targetOf(from, parts),
    ...[...allOf, ...anyOf, ...oneOf, from.not, from.if, from.then, from.else],
    ...Object.values(dependentSchemas),
  ]
  return next.some((part) => {
    if (part === undefined || typeof part === 'boolean' || seen.has(part)) return false
    seen.add(part)
    return part === to || leadsTo(part, to, parts, seen)
  })
}
