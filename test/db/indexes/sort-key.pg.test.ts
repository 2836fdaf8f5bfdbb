import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Json } from '../../../core/json.ts'
import { createMigrated, type MigratedDatabase } from '../../harness/databases.ts'
import { compareValues } from './compare-values.ts'

let shard: MigratedDatabase

beforeAll(async () => {
  shard = await createMigrated('shard')
})

afterAll(() => shard.drop())

async function keysOf(values: readonly Json[]): Promise<string[]> {
  const { rows } = await shard.owner.query<{ key: string }>(
    `select encode(tendril_sort_key(value), 'hex') as key
      from jsonb_array_elements($1::jsonb) with ordinality as v(value, i) order by i`,
    [JSON.stringify(values)],
  )
  return rows.map(({ key }) => key)
}

/** Hex digits sort as the bytes do. */
const compareKeys = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

const text = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme', maxLength: 5 }),
    // Around the 200 bytes that count, with starts in common.
    fc
      .tuple(fc.constantFrom('a', 'é', '\u{1f331}'), fc.integer({ min: 40, max: 210 }), fc.string())
      .map(([character, times, end]) => character.repeat(times) + end),
  )
  .map((value) => value.replaceAll('\0', '').toWellFormed())
const number = fc
  .oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.constantFrom(0, 5e-324, -5e-324, 2 ** 53, Number.MAX_VALUE, -Number.MAX_VALUE, 1.5, -1.5),
  )
  // JSON knows no negative zero.
  .map((value) => value + 0)
const scalar: fc.Arbitrary<Json> = fc.oneof(fc.constant(null), fc.boolean(), number, text)
const value: fc.Arbitrary<Json> = fc.oneof(
  { weight: 4, arbitrary: scalar },
  fc.array(scalar, { maxLength: 3 }),
  // Printable: how control characters are escaped in an object's text is of no interest here.
  fc.dictionary(
    fc.string({ maxLength: 3 }).filter((key) => key !== '__proto__'),
    fc.oneof(number, fc.boolean(), fc.string({ maxLength: 5 })),
    { maxKeys: 3 },
  ),
)

describe('the sort key', () => {
  it('orders any values as the reference does, with ties only where that has some', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 2, maxLength: 60 }), async (values) => {
        const keys = await keysOf(values)
        values.forEach((a, i) => {
          values.forEach((b, j) => {
            const got = compareKeys(keys[i] ?? '', keys[j] ?? '')
            expect([a, b, got]).toEqual([a, b, compareValues(a, b)])
          })
        })
      }),
      { numRuns: 150 },
    )
  })

  it('orders fields one after the other, whatever the first of them holds', async () => {
    const pair = fc.tuple(value, value)
    await fc.assert(
      fc.asyncProperty(fc.array(pair, { minLength: 2, maxLength: 30 }), async (pairs) => {
        const { rows } = await shard.owner.query<{ key: string }>(
          `select encode(tendril_index_key('{properties.a,properties.b.c}', '', properties), 'hex') as key
            from jsonb_array_elements($1::jsonb) with ordinality as v(properties, i) order by i`,
          [JSON.stringify(pairs.map(([a, c]) => ({ a, b: { c } })))],
        )
        pairs.forEach(([a1, b1], i) => {
          pairs.forEach(([a2, b2], j) => {
            const expected = compareValues(a1, a2) || compareValues(b1, b2)
            expect(compareKeys(rows[i]?.key ?? '', rows[j]?.key ?? '')).toBe(expected)
          })
        })
      }),
      { numRuns: 60 },
    )
  })

  it('takes absent properties for null, and names in full', async () => {
    const name = 'ß'.repeat(1_000)
    const { rows } = await shard.owner.query(
      `select encode(tendril_index_key('{properties.x,name,properties.x.y}', $1, '{}'), 'hex') as key`,
      [name],
    )
    expect(rows).toEqual([{ key: `1020${Buffer.from(name).toString('hex')}0010` }])
  })

  it('fits an index row with the longest name and three long texts, however incompressible', async () => {
    const random = (characters: number) =>
      Array.from({ length: characters }, () =>
        String.fromCodePoint(0x20000 + Math.floor(Math.random() * 0x8000)),
      ).join('')
    const properties = { a: random(500), b: random(500), c: [random(500)] }
    const { rowCount } = await shard.owner.query(
      `insert into index_entries (tenant_id, graph_id, index_id, record_id, key)
        select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(),
          tendril_index_key('{properties.a,name,properties.b,properties.c}', $1, $2)`,
      [random(500), JSON.stringify(properties)],
    )
    expect(rowCount).toBe(1)
  })
})
