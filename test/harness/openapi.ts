import { type OutputUnit, type Schema, Validator } from '@cfworker/json-schema'

type Media = { readonly schema: Schema }
type Content = Readonly<Record<string, Media>>

export type Operation = {
  readonly method: string
  /** With parameters in braces: `/api/v1/graphs/{graph}`. */
  readonly path: string
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
}

type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Omit<Operation, 'method'>>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

/** The API's own description, and whether requests and answers are as it says. */
export type OpenApi = {
  readonly operations: readonly Operation[]
  /** The operation that answers; short paths count as those of the graph `default`. */
  operationOf(method: string, path: string): Operation | undefined
  /** Every way in which a value is not as `schema` says; fields the schema does not name count. */
  problems(schema: Schema, value: unknown): string[]
  readonly problemSchema: Schema
}

export async function loadOpenApi(baseUrl: string): Promise<OpenApi> {
  const response = await fetch(`${baseUrl}/api/v1/openapi.json`)
  const document = (await response.json()) as Document
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]): Operation => ({ ...operation, method: method.toUpperCase(), path }),
    ),
  )
  const patterns = operations.map((operation) => ({ operation, pattern: pattern(operation.path) }))
  const schemas = Object.fromEntries(
    Object.entries(document.components.schemas).map(([name, schema]) => [name, members(schema)]),
  )
  const validators = new Map<Schema, Validator>()
  const problemSchema: Schema = { $ref: '#/components/schemas/Problem' }
  return {
    operations,
    operationOf(method, path) {
      const long = path.replace(SHORT, '/api/v1/graphs/default/$1')
      return patterns
        .filter(({ operation }) => operation.method === (method === 'HEAD' ? 'GET' : method))
        .sort((a, b) => literals(b.operation.path) - literals(a.operation.path))
        .find(({ pattern }) => pattern.test(long))?.operation
    },
    problems(schema, value) {
      let validator = validators.get(schema)
      if (!validator) {
        validator = new Validator({ ...closed(schema), components: { schemas } }, '2020-12', false)
        validators.set(schema, validator)
      }
      const { errors } = validator.validate(value)
      return errors.filter((each) => !hasInner(each, errors)).map(describeError)
    },
    problemSchema,
  }
}

const SHORT = /^\/api\/v1\/(entities|relationships|types|batch|changes|import|export)(?=\/|$)/

function pattern(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`)
}

/** How many characters a path says itself: `/lookup` goes before `/{id}`. */
function literals(path: string): number {
  return path.replaceAll(/\{[^}]+\}/g, '').length
}

/**
 * The same schema, of which a field that it does not name is an error too. Said where a schema is
 * used, since one that others extend has to stay open.
 */
function closed(schema: Schema): Schema {
  const inner = members(schema)
  const isObject = inner.properties !== undefined || inner.allOf !== undefined || inner.$ref
  return isObject && inner.additionalProperties === undefined
    ? { ...inner, unevaluatedProperties: false }
    : inner
}

function members(schema: Schema): Schema {
  const { properties, items } = schema
  return {
    ...schema,
    ...(properties ? { properties: mapValues(properties, closed) } : {}),
    ...(items ? { items: closed(items as Schema) } : {}),
  }
}

function mapValues(values: Record<string, unknown>, change: (value: Schema) => Schema) {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, change(value as Schema)]),
  )
}

function hasInner(error: OutputUnit, errors: readonly OutputUnit[]): boolean {
  return errors.some((other) => other.keywordLocation.startsWith(`${error.keywordLocation}/`))
}

function describeError({ instanceLocation, error }: OutputUnit): string {
  return `${instanceLocation}: ${error}`
}
