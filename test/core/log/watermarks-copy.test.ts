import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Watermarks } from '../../../core/log/watermarks.ts'
import { WatermarksCopy } from '../../../core/log/watermarks-copy.ts'
import { checkCopies } from '../../consistency/copies.ts'

const TAGS = Array.from({ length: 40 }, (_, i) => `e:${i}`)

describe('a copy of watermarks', () => {
  it('never says less than the truth, whatever differences it gets of restarted, grown and folded objects, in any order', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        expect(checkCopies(seed)).toEqual([])
      }),
      { numRuns: 2_000 },
    )
  })

  it('says what the object says as long as it gets every difference of it', () => {
    const touches = fc.array(fc.array(fc.constantFrom(...TAGS), { maxLength: 6 }), {
      maxLength: 200,
    })
    const maxListed = fc.constantFrom(4, 20, 65_536)
    const buckets = fc.constantFrom(4, 32, 1_024)
    fc.assert(
      fc.property(touches, maxListed, buckets, (all, maxListed, buckets) => {
        const object = new Watermarks(0, { maxListed, buckets })
        const copy = new WatermarksCopy(object.since(0))
        for (const [i, tags] of all.entries()) {
          object.touch(tags, i + 1)
          if (i % 3 === 0) expect(copy.merge(object.since(copy.head))).toBe(true)
        }
        copy.merge(object.since(copy.head))
        expect(copy.head).toBe(object.head)
        for (const tag of TAGS) expect(copy.lastTouched([tag])).toBe(object.lastTouched([tag]))
        expect(copy.lastTouched(TAGS)).toBe(object.lastTouched(TAGS))
      }),
      { numRuns: 200 },
    )
  })

  it('refuses a difference that begins above its head, and stays as it is (R4)', () => {
    const object = new Watermarks(0)
    object.touch(['e:1'], 1)
    const copy = new WatermarksCopy(object.since(0))
    object.touch(['e:2'], 2)
    object.touch(['e:3'], 3)
    expect(copy.merge(object.since(2))).toBe(false)
    expect([copy.head, copy.lastTouched(['e:3'])]).toEqual([1, 0])
    expect(copy.merge(object.since(1))).toBe(true)
    expect([copy.head, copy.lastTouched(['e:3'])]).toEqual([3, 3])
  })

  it('begins with everything', () => {
    const object = new Watermarks(5)
    expect(() => new WatermarksCopy(object.since(3))).toThrow(RangeError)
  })

  it('grows in memory with what is listed', () => {
    const object = new Watermarks(0)
    const copy = new WatermarksCopy(object.since(0))
    const empty = copy.bytes
    object.touch(TAGS, 1)
    copy.merge(object.since(0))
    expect(copy.bytes).toBeGreaterThan(empty + 20 * TAGS.length)
  })
})
