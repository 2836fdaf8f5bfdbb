import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeBookmark, mergeBookmark, parseBookmarks } from '../../../core/log/bookmark.ts'

const someBookmark = fc.record({
  tenantId: fc.uuid(),
  logId: fc.uuid(),
  historyId: fc.uuid(),
  seq: fc.maxSafeNat(),
})

describe('the text of a bookmark', () => {
  it('says its version, the log, the history and the seq', () => {
    const bookmark = {
      tenantId: '0197a000-0000-7000-8000-000000000001',
      logId: '01979c7e-3a5b-7cc0-8f43-6c5d2a1b0e9f',
      historyId: '5f0c6e1a-9f1d-4c55-8a55-0d7f3c1b2a90',
      seq: 1_295,
    }
    expect(encodeBookmark(bookmark)).toBe(
      'b1.0197a000000070008000000000000001.01979c7e3a5b7cc08f436c5d2a1b0e9f.5f0c6e1a9f1d4c558a550d7f3c1b2a90.zz',
    )
  })

  it('can stand in a URL and in a header as it is', () => {
    fc.assert(
      fc.property(someBookmark, (bookmark) => {
        const text = encodeBookmark(bookmark)
        expect(text).toMatch(/^[\w.-]+$/)
        expect(encodeURIComponent(text)).toBe(text)
      }),
    )
  })

  it('is another one for another log, history or seq', () => {
    fc.assert(
      fc.property(someBookmark, someBookmark, (a, b) => {
        for (const other of [b, { ...a, seq: b.seq }, { ...a, historyId: b.historyId }]) {
          const isSame = JSON.stringify(other) === JSON.stringify(a)
          expect(encodeBookmark(other) === encodeBookmark(a)).toBe(isSame)
        }
      }),
    )
  })
})

describe('a header of bookmarks', () => {
  it('gives back what was encoded, of several graphs too', () => {
    fc.assert(
      fc.property(fc.uniqueArray(someBookmark, { selector: (b) => b.logId }), (bookmarks) => {
        fc.pre(bookmarks.length > 0)
        expect(parseBookmarks(bookmarks.map(encodeBookmark).join(', '))).toEqual(bookmarks)
      }),
    )
  })

  it('counts the later of two of one log, in either order', () => {
    fc.assert(
      fc.property(someBookmark, fc.maxSafeNat(), (a, seq) => {
        const b = { ...a, seq }
        const later = { ...a, seq: Math.max(a.seq, seq) }
        expect(parseBookmarks([a, b].map(encodeBookmark).join())).toEqual([later])
        expect(parseBookmarks([b, a].map(encodeBookmark).join())).toEqual([later])
      }),
    )
  })

  it('has the history that was seen last', () => {
    fc.assert(
      fc.property(someBookmark, fc.uuid(), fc.maxSafeNat(), (a, historyId, seq) => {
        fc.pre(historyId !== a.historyId)
        const restored = { ...a, historyId, seq }
        expect(mergeBookmark([a], restored)).toEqual([restored])
      }),
    )
  })

  it.each(['', 'b1', 'b2.0.0.0.0', 'b1.x.y.z.1', 'b1..', `b1.${'0'.repeat(32)}`, ','])(
    'refuses %j, and anything else that no answer gave',
    (text) => {
      expect(parseBookmarks(text)).toBe('is not a bookmark that an answer gave')
    },
  )

  it('refuses a seq that no log can have', () => {
    const id = '0'.repeat(32)
    expect(typeof parseBookmarks(`b1.${id}.${id}.${id}.zzzzzzzzzzz`)).toBe('string')
  })

  it('names at most 64 graphs', () => {
    const some = fc.sample(someBookmark, 65).map(encodeBookmark)
    expect(parseBookmarks(some.join())).toBe('may name at most 64 graphs')
  })
})
