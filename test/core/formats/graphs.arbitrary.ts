import fc from 'fast-check'
import type { ExportedEntity, ExportedRelationship } from '../../../core/formats/exported.ts'
import type { Json, JsonObject } from '../../../core/json.ts'

/** Texts that formats like to get wrong; none that the server refuses. */
const AWKWARD = [
  ...['', ' ', 'a ', ' a', '\n', '\r', '\r\n', '\t', 'a\rb\nc\r\nd', '"', '""', "'", ',', ';', '|'],
  ...['"a","b"', 'a,b', '5', '007', '+1', '0x1F', '1e400', 'true', 'TRUE', 'null', '{}', '[1]'],
  ...['=1+1', '@SUM(A1)', '-1', 'NaN', '-', 'x:json', 'a.b', 'properties.a', '__proto__'],
  ...['constructor', '<b>&amp;</b>', ']]>', '<![CDATA[', '&#13;', '\u0001', '\u001f', '\u007f'],
  ...['\u0085', '\u2028', '\ufeff', '\ufffe', '\uffff', 'ä', '😀', 'é', '𝒳'.repeat(3), 'שלום'],
] as const

export const text = fc
  .oneof(
    fc.constantFrom(...AWKWARD),
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.array(fc.constantFrom(...AWKWARD), { maxLength: 5 }).map((parts) => parts.join('')),
  )
  .map((each) => each.replaceAll('\0', '0'))

const number = fc
  .oneof(
    fc.constantFrom(0, 1, -1, 0.1, 1e300, 5e-324, 1.7976931348623157e308, 9007199254740991, 1e21),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
  )
  .map((each) => (Object.is(each, -0) ? 0 : each))

const scalar: fc.Arbitrary<Json> = fc.oneof(text, number, fc.boolean(), fc.constant(null))

export const json: fc.Arbitrary<Json> = fc.letrec<{ any: Json; object: JsonObject }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('any'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc
    .array(fc.tuple(text, tie('any')), { maxLength: 3 })
    .map((all) => Object.fromEntries(all)),
})).any

/** Few keys, so that records share some, with values of one type or of several. */
function properties(keys: readonly string[]): fc.Arbitrary<JsonObject> {
  const [texts, numbers, booleans, mixed] = [
    keys.slice(0, 2),
    keys.slice(2, 4),
    keys.slice(4, 5),
    keys.slice(5),
  ]
  const entries = [
    ...texts.map((key) => ({ key, value: text })),
    ...numbers.map((key) => ({ key, value: number })),
    ...booleans.map((key) => ({ key, value: fc.boolean() })),
    ...mixed.map((key) => ({ key, value: json })),
  ]
  return fc
    .tuple(...entries.map(({ key, value }) => fc.option(fc.tuple(fc.constant(key), value))))
    .map((all) => Object.fromEntries(all.filter((entry) => entry !== null)))
}

const id = fc.uuid({ version: 7 })
const named = text.filter((each) => each !== '')
const type = fc.constantFrom('airport', 'x-mitre-tactic', 'A:b.c_d', 'string')

function entities(keys: readonly string[]): fc.Arbitrary<ExportedEntity[]> {
  return fc.uniqueArray(
    fc.record({
      kind: fc.constant('entity' as const),
      id,
      type,
      external_id: fc.option(named),
      name: fc.option(named),
      location: fc.option(
        fc.record({
          lat: fc.double({ min: -90, max: 90, noNaN: true }).map((each) => each + 0),
          lon: fc.double({ min: -180, max: 180, noNaN: true }).map((each) => each + 0),
        }),
      ),
      properties: properties(keys),
    }),
    { selector: (each) => each.id, minLength: 1, maxLength: 8 },
  )
}

/** Self-loops and parallel edges among them. */
function relationships(
  ids: readonly string[],
  keys: readonly string[],
): fc.Arbitrary<ExportedRelationship[]> {
  return fc.uniqueArray(
    fc.record({
      kind: fc.constant('relationship' as const),
      id,
      type,
      from_id: fc.constantFrom(...ids),
      to_id: fc.constantFrom(...ids),
      external_id: fc.option(named),
      properties: properties(keys),
    }),
    { selector: (each) => each.id, maxLength: 8 },
  )
}

export type Graph = {
  readonly entities: readonly ExportedEntity[]
  readonly relationships: readonly ExportedRelationship[]
}

export const graph: fc.Arbitrary<Graph> = fc
  .uniqueArray(text, { minLength: 7, maxLength: 7 })
  .chain((keys) =>
    entities(keys).chain((all) =>
      fc.record({
        entities: fc.constant(all),
        relationships: relationships(
          all.map((each) => each.id),
          keys,
        ),
      }),
    ),
  )
