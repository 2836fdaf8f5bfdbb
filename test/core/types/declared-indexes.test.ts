import { describe, expect, it } from 'vitest'
import { indexProblems, type WantedIndex } from '../../../core/types/declared-indexes.ts'

const fine: WantedIndex = { name: 'fine', method: 'composite', fields: ['properties.a', 'name'] }
const named = (name: string, parts: Partial<WantedIndex>): WantedIndex => ({
  ...fine,
  name,
  ...parts,
})

describe('what is wrong with declared indexes', () => {
  it('is nothing where each has fields that its method takes', () => {
    const geo = named('where', { method: 'geo', fields: [] })
    const words = named('words', { method: 'fulltext', fields: ['name', 'properties.a.b'] })
    const part = named('part', { method: 'text', fields: ['name'] })
    expect(indexProblems('entity', [fine, geo, words, part])).toEqual([])
    expect(indexProblems('relationship', [named('x', { fields: ['properties.a'] })])).toEqual([])
  })

  it.each<[string, Partial<WantedIndex>, string]>([
    ['no field', { fields: [] }, '/0/fields'],
    ['five fields', { fields: 'abcde'.split('').map((key) => `properties.${key}`) }, '/0/fields'],
    [
      'two fields for parts of a text',
      { method: 'text', fields: ['name', 'properties.a'] },
      '/0/fields',
    ],
    ['a field twice', { fields: ['name', 'name'] }, '/0/fields/1'],
    ['a field that no record has', { fields: ['name', 'city'] }, '/0/fields/1'],
    ['no key', { fields: ['properties'] }, '/0/fields/0'],
    ['an empty key', { fields: ['properties.a..b'] }, '/0/fields/0'],
    ['too many keys', { fields: [`properties${'.a'.repeat(17)}`] }, '/0/fields/0'],
    ['too long a field', { fields: [`properties.${'a'.repeat(500)}`] }, '/0/fields/0'],
    ['fields for a location', { method: 'geo', fields: ['name'] }, '/0/fields'],
  ])('is %s', (_title, parts, pointer) => {
    expect(indexProblems('entity', [named('x', parts)])).toEqual([
      { pointer, message: expect.any(String) },
    ])
  })

  it.each<[string, Partial<WantedIndex>, string]>([
    ['a name', { fields: ['name'] }, '/0/fields/0'],
    ['a location', { method: 'geo', fields: [] }, '/0/method'],
  ])('is that a relationship has not %s', (_title, parts, pointer) => {
    expect(indexProblems('relationship', [named('x', parts)])).toMatchObject([{ pointer }])
    expect(indexProblems('entity', [named('x', parts)])).toEqual([])
  })

  it('is what two have in common, or that there are too many', () => {
    expect(indexProblems('entity', [fine, named('fine', { fields: ['name'] })])).toMatchObject([
      { pointer: '/1/name' },
    ])
    expect(indexProblems('entity', [fine, named('again', {})])).toMatchObject([{ pointer: '/1' }])
    const many = Array.from({ length: 11 }, (_, i) =>
      named(`n${i}`, { fields: [`properties.p${i}`] }),
    )
    expect(indexProblems('entity', many)).toMatchObject([{ pointer: '' }])
    expect(indexProblems('entity', many.slice(1))).toEqual([])
  })
})
