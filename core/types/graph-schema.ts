import { Validator } from '@cfworker/json-schema'
import type { FieldError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import type { Kind } from '../log/commands.ts'
import type { TypeDefinition } from '../log/records.ts'
import type { DeclaredIndex, IndexMethod, TypeState } from './definition.ts'

/** The types of a graph, ready to validate with. A type that is not defined takes any properties. */
export type GraphSchema = {
  /** Seq of the last change of the types: what commands are validated against (C5). */
  readonly schemaSeq: number
  /** By type, all of which a record has to satisfy: while a change is checked, the new one as well. */
  readonly validators: ReadonlyMap<string, readonly Validator[]>
  /** Those that declare indexes. */
  readonly indexed: readonly IndexedType[]
}

/** What queries and commits have to know of a type: the indexes it declares. */
export type IndexedType = Pick<TypeDefinition, 'kind' | 'name' | 'indexes'>

/** The indexes of a type, ready or not. */
export function indexesOf(schema: GraphSchema, kind: Kind, name: string): readonly DeclaredIndex[] {
  return schema.indexed.find((type) => type.kind === kind && type.name === name)?.indexes ?? []
}

/** What the graph's indexes are made by: a commit keeps them all, those that are being built as well. */
export function indexMethods({ indexed }: GraphSchema): IndexMethod[] {
  return [...new Set(indexed.flatMap(({ indexes }) => indexes.map(({ method }) => method)))]
}

export function graphSchema(
  schemaSeq: number,
  types: readonly Pick<TypeDefinition, 'kind' | 'name' | 'json_schema' | 'change' | 'indexes'>[],
): GraphSchema {
  return {
    schemaSeq,
    validators: new Map(
      types.map((type) => [typeKey(type.kind, type.name), schemasInForce(type).map(compileSchema)]),
    ),
    indexed: types
      .filter(({ indexes }) => indexes.length > 0)
      .map(({ kind, name, indexes }) => ({ kind, name, indexes })),
  }
}

/** What every write has to satisfy (C5): a schema that is being checked binds before it counts. */
export function schemasInForce({
  json_schema,
  change,
}: Pick<TypeState, 'json_schema' | 'change'>): JsonObject[] {
  return change?.status === 'checking' ? [json_schema, change.json_schema] : [json_schema]
}

/** Every way in which `properties` are not as their type says; pointers start at `/properties`. */
export function validateProperties(
  schema: GraphSchema,
  kind: Kind,
  type: string,
  properties: JsonObject,
): FieldError[] {
  const errors = (schema.validators.get(typeKey(kind, type)) ?? []).flatMap((validator) =>
    propertyErrors(validator, properties),
  )
  return errors.filter(
    ({ pointer, message }, i) =>
      errors.findIndex((each) => each.pointer === pointer && each.message === message) === i,
  )
}

/** The same for one schema. */
export function propertyErrors(validator: Validator, properties: JsonObject): FieldError[] {
  const { valid, errors } = validator.validate(properties)
  if (valid) return []
  // A failed child makes its parents fail too: only the innermost errors name a field.
  const leaves = errors.filter(({ keyword }) => !WRAPPERS.has(keyword))
  return (leaves.length > 0 ? leaves : errors).map(({ instanceLocation, error }) => ({
    pointer: `/properties${instanceLocation.slice(1)}`,
    message: error,
  }))
}

/** What is wrong with a JSON Schema for properties, or `null`. */
export function schemaProblem(jsonSchema: JsonObject): string | null {
  if (jsonSchema.type !== undefined && jsonSchema.type !== 'object') {
    return 'properties are always an object, so "type" must be "object"'
  }
  try {
    compileSchema(jsonSchema).validate({})
    return null
  } catch (error) {
    return error instanceof Error ? error.message : 'not a usable JSON Schema'
  }
}

const WRAPPERS = new Set([
  'properties',
  'items',
  'prefixItems',
  'allOf',
  '$ref',
  'additionalProperties',
])

export function compileSchema(jsonSchema: JsonObject): Validator {
  return new Validator({ ...jsonSchema }, '2020-12', false)
}

function typeKey(kind: Kind, name: string): string {
  return `${kind}:${name}`
}
