import { z } from '@hono/zod-openapi'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  commonBody,
  pathsBody,
  subgraphBody,
  traverseBody,
} from '../../../workers/api/graph-schemas.ts'

const seed = Number(process.env.TENDRIL_SEED ?? Date.now() % 1_000_000)

const ID = '01a1fd9e-d0c0-72e1-82bd-d8a50330b8b9'

/** Each with a body that is valid. */
const BODIES: readonly (readonly [string, z.ZodObject, object])[] = [
  ['traverse', traverseBody, { ids: [ID] }],
  ['subgraph', subgraphBody, { external_ids: ['SFO'] }],
  ['paths', pathsBody, { from_id: ID, to_external_id: 'SFO' }],
  ['common-neighbors', commonBody, { ids: [ID], external_ids: ['SFO'] }],
]

/** One of those that are right, and now and then one that is wrong. */
function mostly<Value>(right: readonly Value[], wrong: readonly unknown[]) {
  return fc.oneof(
    { arbitrary: fc.constantFrom<unknown>(...right), weight: 30 },
    { arbitrary: fc.constantFrom(...wrong), weight: 1 },
  )
}

const id = mostly([ID, ID.toUpperCase()], ['', 'x', 7])
const name = mostly(['SFO', 'route'], ['', 'a\0b', null])
const number = mostly([1, 3, 10], [0, 21, -1, 1.5, 1e9, '3'])

/** Some of the fields of all queries, and one that there is not. */
const fields = fc.record(
  {
    ids: fc.array(id, { maxLength: 3 }),
    external_ids: fc.array(name, { maxLength: 3 }),
    from_id: id,
    from_external_id: name,
    to_id: id,
    to_external_id: name,
    direction: mostly(['out', 'in', 'both'], ['up']),
    depth: number,
    k: number,
    max_length: number,
    weight: mostly(['properties.miles'], ['miles', 1]),
    relationship_types: fc.array(name, { maxLength: 2 }),
    entity_types: fc.array(name, { maxLength: 2 }),
    where: mostly([{}, { type: 'airport' }], [[], 'x']),
    return: mostly(['entities', 'records'], ['count', 'all']),
    limit: number,
    edge_limit: number,
    max_cost: number,
    on_cap: mostly(['partial', 'error'], ['stop']),
    misspelt: fc.constant(1),
  },
  { requiredKeys: [] },
)

describe.each(BODIES)('the body of %s', (_name, schema, valid) => {
  const plain = z.strictObject(schema.shape)

  it('is one that zod can compile', () => {
    const refused = [plain.superRefine(() => {}), ...Object.values(schema.shape)].filter((part) => {
      // A part that it refuses would be read by zod itself, within what is compiled.
      const whole = part instanceof z.ZodOptional ? part.unwrap() : part
      return z.compile(whole) === whole
    })
    expect(refused).toEqual([])
  })

  it('has to name entities, which is asked beside what is wrong with fields', () => {
    const codesOf = (sent: object) => schema.safeParse(sent).error?.issues.map(({ code }) => code)
    expect(new Set(codesOf({}))).toEqual(new Set(['custom']))
    expect(new Set(codesOf({ misspelt: 1 }))).toEqual(new Set(['unrecognized_keys', 'custom']))
  })

  it(`is read by the compiled code as by zod itself (TENDRIL_SEED=${seed})`, () => {
    const seen = { valid: 0, wrong: 0 }
    fc.assert(
      fc.property(fields, (sent) => {
        const known = Object.entries(sent).filter(([field]) => field in schema.shape)
        for (const asked of [
          sent,
          Object.fromEntries(known),
          { ...Object.fromEntries(known), ...valid },
        ]) {
          const read = schema.safeParse(asked)
          const expected = plain.safeParse(asked)
          if (read.success) {
            seen.valid += 1
            expect(read.data).toEqual(expected.data)
            expect(Object.keys(read.data)).toEqual(Object.keys(expected.data ?? {}))
          } else if (!expected.success) {
            seen.wrong += 1
            expect(read.error.issues.slice(0, expected.error.issues.length)).toEqual(
              expected.error.issues,
            )
          } else {
            // Only what the fields have to be together is wrong.
            expect(read.error.issues.every(({ code }) => code === 'custom')).toBe(true)
          }
        }
      }),
      { seed, numRuns: 3_000 },
    )
    expect(seen.valid).toBeGreaterThan(0)
    expect(seen.wrong).toBeGreaterThan(0)
  })
})
