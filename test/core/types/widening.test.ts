import { Validator } from '@cfworker/json-schema'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../../../core/json.ts'
import { isWidening } from '../../../core/types/widening.ts'
import { someChange, someProperties, someSchema, someValue } from './schemas.arbitrary.ts'

/** The judge is the validator that writes are checked with. */
function validator(schema: JsonObject): (value: Json) => boolean {
  const compiled = new Validator(structuredClone(schema), '2020-12', false)
  return (value) => compiled.validate(value).valid
}

/** More of them search longer; a failure prints the seed. */
const RUNS = Number(process.env.TENDRIL_RUNS ?? 2_000)

const VALUES = fc.array(fc.oneof(someProperties, someValue), { minLength: 60, maxLength: 60 })

describe('whether a schema takes whatever another one took', () => {
  it('is answered yes only when no value shows otherwise', () => {
    let yes = 0
    fc.assert(
      fc.property(someChange, VALUES, ({ before, after }, values) => {
        if (!isWidening(before, after)) return
        yes += 1
        const [former, latter] = [validator(before), validator(after)]
        for (const value of values) {
          if (former(value) && !latter(value)) throw new Error(`lost: ${JSON.stringify(value)}`)
        }
      }),
      { numRuns: RUNS },
    )
    expect(yes).toBeGreaterThan(RUNS / 10)
  })

  it('is yes for a schema and itself, whatever the order of its keys', () => {
    fc.assert(
      fc.property(someSchema, (schema) => {
        const reversed = Object.fromEntries(Object.entries(schema).reverse())
        expect(isWidening(schema, reversed)).toBe(true)
      }),
    )
  })

  const text = { type: 'string' }
  const closed = { properties: { a: text }, additionalProperties: false }
  const defs = { $defs: { one: text } }

  it.each<[string, JsonObject, JsonObject]>([
    ['everything is allowed', { required: ['a'] }, {}],
    ['a keyword is removed', { required: ['a'], minProperties: 1 }, { required: ['a'] }],
    ['a property is no longer required', { required: ['a', 'b'] }, { required: ['b'] }],
    ['an enum is extended', prop({ enum: ['x', 'y'] }), prop({ enum: ['y', 'z', 'x'] })],
    ['an enum gives way to its type', prop({ enum: ['x', 'y'] }), prop({ type: 'string' })],
    ['a constant becomes one of several', prop({ const: 1 }), prop({ enum: [1, 2] })],
    ['a type is added', prop({ type: 'string' }), prop({ type: ['null', 'string'] })],
    ['integers become numbers', prop({ type: 'integer' }), prop({ type: 'number' })],
    [
      'bounds are loosened',
      prop({ minimum: 1, maximum: 5, maxLength: 3 }),
      prop({ minimum: 0, maximum: 9, maxLength: 4 }),
    ],
    ['a bound becomes inclusive', prop({ exclusiveMinimum: 1 }), prop({ minimum: 1 })],
    ['steps become finer', prop({ multipleOf: 0.5 }), prop({ multipleOf: 0.1 })],
    [
      'a bound comes for values that were not there',
      prop({ type: 'string' }),
      prop({ type: ['string', 'number'], minimum: 0 }),
    ],
    [
      'an optional property is added to a closed object',
      closed,
      { ...closed, properties: { a: text, b: { type: 'number' } } },
    ],
    ['a closed object is opened', closed, { properties: { a: text } }],
    ['a property is free again', { properties: { a: text } }, { properties: {} }],
    ['something nested is widened', prop(prop({ enum: [1] })), prop(prop({ enum: [1, 2] }))],
    [
      'items are widened',
      prop({ items: { type: 'integer' } }),
      prop({ items: { type: 'number' } }),
    ],
    ['an alternative is added', { anyOf: [closed] }, { anyOf: [{ required: ['z'] }, closed] }],
    ['alternatives come instead of one', text, { anyOf: [text, { type: 'null' }] }],
    ['one of all is dropped', { allOf: [closed, { required: ['a'] }] }, { allOf: [closed] }],
    ['less is excluded', { not: { required: ['a'] } }, { not: { required: ['a', 'b'] } }],
    ['only words about it change', { title: 'one' }, { title: 'two', description: 'new' }],
    [
      'a definition is added',
      { ...prop({ $ref: '#/$defs/one' }), required: ['a'], ...defs },
      { ...prop({ $ref: '#/$defs/one' }), $defs: { ...defs.$defs, two: {} } },
    ],
  ])('is yes when %s', (_title, before, after) => {
    expect(isWidening(before, after)).toBe(true)
  })

  it.each<[string, JsonObject, JsonObject]>([
    ['a property was free and is described now', {}, { properties: { a: text } }],
    ['a property is required', {}, { required: ['a'] }],
    ['an enum loses a value', prop({ enum: ['x', 'y'] }), prop({ enum: ['x'] })],
    ['a type is taken away', prop({ type: ['null', 'string'] }), prop({ type: 'string' })],
    ['numbers become integers', prop({ type: 'number' }), prop({ type: 'integer' })],
    ['a bound is tightened', prop({ minimum: 0 }), prop({ minimum: 1 })],
    ['an open object is closed', { properties: { a: text } }, closed],
    [
      'a definition changes',
      { $ref: '#/$defs/one', ...defs },
      { $ref: '#/$defs/one', $defs: { one: false } },
    ],
    ['an unknown keyword comes', {}, { unheardOf: 1 }],
    ['what is left over is excluded', closed, { ...closed, unevaluatedProperties: false }],
  ])('is no when %s', (_title, before, after) => {
    expect(isWidening(before, after)).toBe(false)
  })

  it('is no rather than late for schemas that would take long to compare', () => {
    const deep = (leaf: JsonObject, depth: number): JsonObject =>
      depth === 0
        ? leaf
        : { anyOf: [deep(leaf, depth - 1), deep(leaf, depth - 1), { const: depth }] }
    expect(isWidening(deep({ minimum: 1 }, 8), deep({ minimum: 2 }, 8))).toBe(false)
  })
})

function prop(schema: JsonObject): JsonObject {
  return { properties: { a: schema } }
}
