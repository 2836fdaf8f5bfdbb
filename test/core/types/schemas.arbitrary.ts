import fc from 'fast-check'
import type { Json, JsonObject } from '../../../core/json.ts'

// Few keys, small numbers and short texts, so that schemas and values meet.
const KEYS = ['a', 'b', 'ab'] as const
const key = fc.constantFrom(...KEYS)
const TYPES = ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'] as const
const small = fc.integer({ min: 0, max: 3 })
const bound = fc.constantFrom(-1, 0, 0.5, 1, 2, 3)

const leaf: fc.Arbitrary<Json> = fc.constantFrom(
  ...[null, true, false, -1, 0, 0.5, 1, 2, 3, '', 'a', 'ab', 'b', '😀b'],
)

/** Any value that a schema here may tell apart from others. */
export const someValue: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3 }),
  ),
})).value

/** The properties of a record. */
export const someProperties: fc.Arbitrary<JsonObject> = fc.dictionary(key, someValue, {
  maxKeys: 3,
})

const FAMILIES = [
  ['properties', 'patternProperties', 'additionalProperties', 'required'],
  ['type', 'minimum', 'exclusiveMinimum', 'maximum', 'exclusiveMaximum', 'multipleOf'],
  ['type', 'prefixItems', 'items', 'minItems', 'maxItems', 'uniqueItems'],
  ['type', 'enum', 'minLength', 'maxLength', 'pattern'],
] as const

/** Keywords and types that are nearly the same. */
const NEIGHBORS: Readonly<Record<string, string>> = {
  minimum: 'exclusiveMinimum',
  exclusiveMinimum: 'minimum',
  maximum: 'exclusiveMaximum',
  exclusiveMaximum: 'maximum',
  integer: 'number',
  number: 'integer',
}

type Part = Json

/** A schema of every keyword that the validator acts on, nested a little. */
export const someSchema: fc.Arbitrary<JsonObject> = fc
  .letrec<{ schema: Part; list: Part; map: Part }>((tie) => {
    const schema = tie('schema')
    const list = tie('list')
    const keywords: Record<string, fc.Arbitrary<Json>> = {
      type: fc.oneof(
        fc.constantFrom(...TYPES),
        fc.uniqueArray(fc.constantFrom(...TYPES), { minLength: 1, maxLength: 4 }),
      ),
      const: leaf,
      enum: fc.array(fc.oneof(leaf, someValue), { minLength: 1, maxLength: 4 }),
      minimum: bound,
      maximum: bound,
      exclusiveMinimum: bound,
      exclusiveMaximum: bound,
      multipleOf: fc.constantFrom(0.5, 1, 1.5, 2, 3),
      minLength: small,
      maxLength: small,
      pattern: fc.constantFrom('a', '^a', 'b$'),
      format: fc.constantFrom('date', 'unheard-of'),
      minItems: small,
      maxItems: small,
      uniqueItems: fc.boolean(),
      prefixItems: list,
      items: schema,
      contains: schema,
      minContains: small,
      maxContains: small,
      minProperties: small,
      maxProperties: small,
      required: fc.uniqueArray(key, { maxLength: 3 }),
      properties: tie('map'),
      patternProperties: fc.dictionary(fc.constantFrom('^a', 'b$'), schema, { maxKeys: 2 }),
      additionalProperties: schema,
      propertyNames: schema,
      dependentRequired: fc.dictionary(key, fc.uniqueArray(key, { maxLength: 2 }), { maxKeys: 2 }),
      dependentSchemas: fc.dictionary(key, schema, { maxKeys: 1 }),
      allOf: list,
      anyOf: list,
      oneOf: list,
      not: schema,
      if: schema,
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: schema,
      else: schema,
      unevaluatedProperties: schema,
      unevaluatedItems: schema,
      $ref: fc.constantFrom('#/$defs/one', '#/$defs/two'),
      title: fc.constantFrom('one', 'another'),
      unheardOf: leaf,
    }
    const entries = Object.entries(keywords).map(([keyword, value]) =>
      value.map((given): [string, Json] => [keyword, given]),
    )
    return {
      schema: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.boolean(),
        // Keywords that have to do with each other seldom come together by chance.
        fc.oneof(
          ...FAMILIES.map((family) =>
            fc
              .record(Object.fromEntries(family.map((each) => [each, keywords[each] ?? leaf])), {
                requiredKeys: [],
              })
              .map((given) => given as JsonObject),
          ),
        ),
        fc
          .uniqueArray(fc.oneof(...entries), { maxLength: 4, selector: ([keyword]) => keyword })
          .map((all) => Object.fromEntries(all)),
      ),
      list: fc.array(schema, { minLength: 1, maxLength: 3 }),
      map: fc.dictionary(key, schema, { maxKeys: 3 }),
    }
  })
  .schema.filter((schema) => typeof schema === 'object' && schema !== null)
  .map((schema) => schema as JsonObject)

/** What references lead to: schemas that refer to nothing. */
export const someDefinitions: fc.Arbitrary<JsonObject> = fc.record({
  one: someSchema.map(withoutReferences),
  two: someSchema.map(withoutReferences),
}) as fc.Arbitrary<JsonObject>

function withoutReferences(schema: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(schema), (name: string, value: unknown) =>
    name === '$ref' ? undefined : value,
  )
}

const CHOICES = ['keep', 'keep', 'keep', 'keep', 'drop', 'replace', 'loosen', 'neighbor'] as const
type Choice = (typeof CHOICES)[number]

/** A schema, and one that is made from it by keeping, dropping and replacing parts of it. */
export const someChange: fc.Arbitrary<{ before: JsonObject; after: JsonObject }> = fc
  .record({
    before: someSchema,
    other: someSchema,
    definitions: fc.array(someDefinitions, { minLength: 2, maxLength: 2 }),
    isSameDefinitions: fc.boolean(),
    choices: fc.infiniteStream(fc.constantFrom(...CHOICES)),
  })
  .map(({ before, other, definitions, isSameDefinitions, choices }) => {
    const [former = {}, latter = {}] = definitions
    const choose = () => choices.next().value ?? 'keep'
    const after = changed(before, other, choose) as JsonObject
    return {
      before: { ...before, $defs: former },
      after: { ...after, $defs: isSameDefinitions ? former : latter },
    }
  })

function changed(before: Json, other: Json, choose: () => Choice): Json {
  const choice = choose()
  if (typeof before === 'number') return loosened(before, choice)
  if (Array.isArray(before)) {
    if (choice === 'loosen') return [...before, ...(Array.isArray(other) ? other : [])]
    return before.map((each) => changed(each, each, choose))
  }
  if (typeof before === 'string' && choice === 'neighbor') return NEIGHBORS[before] ?? before
  if (typeof before !== 'object' || before === null) return choice === 'replace' ? other : before
  const replacements =
    typeof other === 'object' && other !== null && !Array.isArray(other) ? other : {}
  const kept = Object.entries(before).flatMap(([name, value]): [string, Json][] => {
    switch (choose()) {
      case 'drop':
        return []
      case 'replace':
        return [[name, (replacements as JsonObject)[name] ?? value]]
      case 'neighbor':
        return [[NEIGHBORS[name] ?? name, value]]
      default:
        return [[name, changed(value, value, choose)]]
    }
  })
  const added = choice === 'replace' ? Object.entries(replacements).slice(0, 1) : []
  return Object.fromEntries([...kept, ...added])
}

function loosened(number: number, choice: Choice): number {
  return choice === 'loosen' ? number + 1 : choice === 'replace' ? Math.max(0, number - 1) : number
}
