import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nameKey } from '../../../core/log/name-key.ts'

describe('the key that names are compared by', () => {
  it.each([
    ['case', 'Hartsfield-Jackson', 'hartsfield-jackson'],
    ['case beyond ASCII', 'ÅRHUS Đà Nẵng', 'århus đà nẵng'],
    ['how an accent is written', 'Zu\u0308rich', 'z\u00fcrich'],
    ['ligatures', 'Suﬃx', 'suffix'],
    ['full width', 'ＡＴＬ１', 'atl1'],
    ['no-break spaces', 'New\u00a0York', 'new york'],
  ])('does not depend on %s', (_title, name, key) => {
    expect(nameKey(name)).toBe(key)
  })

  it('keeps what tells names apart: accents, spaces, punctuation', () => {
    expect(new Set(['Sao', 'São', 'S ao', 'S-ao'].map(nameKey)).size).toBe(4)
  })

  it('of no name is empty', () => {
    expect(nameKey(null)).toBe('')
    expect(nameKey('')).toBe('')
  })

  it('is its own key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        expect(nameKey(nameKey(name))).toBe(nameKey(name))
      }),
      { numRuns: 2_000 },
    )
  })

  it('of a prefix in ASCII is a prefix of the key, so that a search by prefix finds the name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), fc.nat({ max: 20 }), (name, length) => {
        expect(nameKey(name).startsWith(nameKey(name.slice(0, length)))).toBe(true)
      }),
    )
  })

  it('is a prefix of the keys of longer names, also where a word ends in sigma', () => {
    expect(nameKey('ΟΔΟΣΑ').startsWith(nameKey('ΟΔΟΣ'))).toBe(true)
  })
})
