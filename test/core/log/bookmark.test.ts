import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeBookmark } from '../../../core/log/bookmark.ts'

const someBookmark = fc.record({
  logId: fc.uuid(),
  historyId: fc.uuid(),
  seq: fc.maxSafeNat(),
})

describe('the text of a bookmark', () => {
  it('says its version, the log, the history and the seq', () => {
    const bookmark = {
      logId: '01979c7e-3a5b-7cc0-8f43-6c5d2a1b0e9f',
      historyId: '5f0c6e1a-9f1d-4c55-8a55-0d7f3c1b2a90',
      seq: 1_295,
    }
    expect(encodeBookmark(bookmark)).toBe(
      'b1.01979c7e3a5b7cc08f436c5d2a1b0e9f.5f0c6e1a9f1d4c558a550d7f3c1b2a90.zz',
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
