import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EVERYTHING } from '../../../core/log/tags.ts'
import { bucketOf, Watermarks, type WatermarksDiff } from '../../../core/log/watermarks.ts'
import { WatermarksCopy } from '../../../core/log/watermarks-copy.ts'

const SETTINGS = { numRuns: 150 }

/** A history: some writes that let the buckets grow, then writes of few tags, each at its own seq. */
const history = fc.record({
  floor: fc.nat({ max: 50 }),
  buckets: fc.constantFrom(1_024, 16_777_216),
  growth: fc.constantFrom(0, 0, 0, 5_000, 20_000),
  maxListed: fc.constantFrom(8, 100, 3_000, 65_536),
  touches: fc.array(
    fc.record({
      step: fc.integer({ min: 1, max: 3 }),
      tags: fc.array(fc.nat({ max: 60 }), { maxLength: 6 }),
    }),
    { maxLength: 60 },
  ),
})
type History = typeof history extends fc.Arbitrary<infer Value> ? Value : never

/** Plays a history and calls `after` after each write, with the true last touch of every tag. */
function play(
  { floor, buckets, growth, maxListed, touches }: History,
  after: (watermarks: Watermarks, truth: ReadonlyMap<string, number>) => void,
): Watermarks {
  const watermarks = new Watermarks(floor, { maxListed, buckets })
  const truth = new Map<string, number>()
  const touch = (seq: number, tags: readonly string[]) => {
    watermarks.touch(tags, seq)
    for (const tag of tags) truth.set(tag, seq)
  }
  let seq = floor
  for (let i = 0; i < growth; i += 1) {
    seq += i % 3 === 0 ? 1 : 0
    touch(seq, [`growth:${i}`])
  }
  after(watermarks, truth)
  for (const { step, tags } of touches) {
    seq += step
    touch(seq, ['g', ...tags.map((tag) => `e:${tag}`)])
    after(watermarks, truth)
  }
  return watermarks
}

describe('watermarks', () => {
  it('never say that a tag was last touched before it was, whatever grows and is folded', () => {
    fc.assert(
      fc.property(history, (played) => {
        play(played, (watermarks, truth) => {
          for (const [tag, seq] of truth) {
            if (watermarks.lastTouched([tag]) < seq) expect.fail(`${tag} was touched at ${seq}`)
          }
          expect(watermarks.lastTouched(truth.keys())).toBeGreaterThanOrEqual(
            Math.max(0, ...truth.values()),
          )
        })
      }),
      { numRuns: 60 },
    )
  })

  it('never say that a tag was touched after the head', () => {
    fc.assert(
      fc.property(history, fc.string(), (played, tag) => {
        const watermarks = play(played, () => {})
        expect(watermarks.lastTouched([tag])).toBeLessThanOrEqual(watermarks.head)
        expect(watermarks.lastTouched([tag])).toBeGreaterThanOrEqual(played.floor)
      }),
      SETTINGS,
    )
  })

  it('tell tags apart while there are few', () => {
    const watermarks = new Watermarks(10)
    watermarks.touch(['g', 'e:1'], 11)
    watermarks.touch(['g', 'e:2'], 12)
    expect(watermarks.head).toBe(12)
    expect(watermarks.lastTouched(['e:1'])).toBe(11)
    expect(watermarks.lastTouched(['e:2'])).toBe(12)
    expect(watermarks.lastTouched(['e:1', 'e:2'])).toBe(12)
    expect(watermarks.lastTouched(['e:3'])).toBe(10)
    expect(watermarks.lastTouched([])).toBe(0)
  })

  it('have as many buckets as writes ask for, from 1,024 to 65,536 and beyond (T5)', () => {
    const watermarks = new Watermarks(0, { buckets: 1_024 })
    const counts = new Set<number>()
    for (let seq = 1; seq <= 300_000; seq += 1) {
      watermarks.touch([`e:${seq}`], seq)
      if (seq % 2_000 === 0) counts.add(watermarks.since(seq).bucketCount)
    }
    expect([...counts]).toEqual([1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536, 131_072])
    expect(watermarks.lastTouched(['e:300000'])).toBe(300_000)
  })

  it('have so many buckets from the beginning that tags hardly ever share one', () => {
    const watermarks = new Watermarks(0)
    for (let seq = 1; seq <= 10_000; seq += 1) watermarks.touch([`e:${seq}`], seq)
    const shared = Array.from({ length: 10_000 }, (_, i) => watermarks.lastTouched([`n:${i}`]))
    // A thousandth of the tags may share a bucket with one that was touched: ten are expected at most.
    expect(shared.filter((seq) => seq > 0).length).toBeLessThan(40)
  })

  it('list no more buckets than they may: the oldest are folded into the base', () => {
    const watermarks = new Watermarks(0, { maxListed: 10 })
    for (let seq = 1; seq <= 11; seq += 1) watermarks.touch([`e:${seq}`], seq)
    const { base, buckets } = watermarks.since(0)
    expect(base).toBe(2)
    expect(buckets.map(([, seq]) => seq)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11])
    expect(watermarks.lastTouched(['e:1'])).toBe(2)
    expect(watermarks.lastTouched(['e:11'])).toBe(11)
  })

  it('are all touched at once when everything is purged, in copies as well', () => {
    const watermarks = new Watermarks(0)
    watermarks.touch(['e:1', 'e:2'], 1)
    const copy = new WatermarksCopy(watermarks.since(0))
    watermarks.touch([EVERYTHING], 2)
    watermarks.touch(['e:2'], 3)
    expect(copy.merge(watermarks.since(1))).toBe(true)
    for (const each of [watermarks, copy]) {
      expect(['e:1', 'e:2', 'e:3'].map((tag) => each.lastTouched([tag]))).toEqual([2, 3, 2])
    }
  })

  it('refuse a seq behind the head, and take the head again', () => {
    const watermarks = new Watermarks(5)
    expect(() => watermarks.touch(['g'], 4)).toThrow(RangeError)
    watermarks.touch(['g'], 5)
    watermarks.touch(['s'], 5)
    expect(watermarks.lastTouched(['s'])).toBe(5)
  })
})

/** What an isolate does with a difference (R4): the maximum of what it has and what it gets. */
function lastTouchedMerged(older: WatermarksDiff, diff: WatermarksDiff, tag: string): number {
  const own = new Map(older.buckets).get(bucketOf(tag, older.bucketCount)) ?? older.base
  const got = new Map(diff.buckets).get(bucketOf(tag, diff.bucketCount)) ?? diff.base
  return Math.max(own, got)
}

describe('a difference of watermarks', () => {
  it('merged by maximum into those of its `since` gives the newer ones (R4)', () => {
    fc.assert(
      fc.property(history, fc.nat({ max: 60 }), (played, at) => {
        let older: WatermarksDiff | undefined
        let writes = 0
        const newer = play(played, (watermarks) => {
          if (writes <= at) older = watermarks.since(0)
          writes += 1
        })
        if (!older) return
        const diff = newer.since(older.head)
        expect(diff.head).toBe(newer.head)
        const tags = ['g', 's', 'growth:7', ...Array.from({ length: 61 }, (_, i) => `e:${i}`)]
        for (const tag of tags) {
          expect(lastTouchedMerged(older, diff, tag)).toBe(newer.lastTouched([tag]))
        }
      }),
      SETTINGS,
    )
  })

  it('lists exactly the buckets that were touched after its `since`', () => {
    fc.assert(
      fc.property(history, fc.nat({ max: 80 }), (played, since) => {
        const watermarks = play(played, () => {})
        const all = watermarks.since(0).buckets
        const byBucket = ([a]: readonly [number, number], [b]: readonly [number, number]) => a - b
        expect(watermarks.since(since).buckets.toSorted(byBucket)).toEqual(
          all.filter(([, seq]) => seq > since).toSorted(byBucket),
        )
      }),
      SETTINGS,
    )
  })

  it('is empty at the head', () => {
    const watermarks = new Watermarks(3)
    watermarks.touch(['g', 'e:1'], 4)
    const expected = { since: 4, head: 4, base: 3, bucketCount: 16_777_216, buckets: [] }
    expect(watermarks.since(4)).toEqual(expected)
  })

  it('of 0 is everything', () => {
    const watermarks = new Watermarks(3, { buckets: 1_024 })
    watermarks.touch(['g'], 4)
    expect(watermarks.since(0).buckets).toEqual([[869, 4]])
  })
})

describe('a copy of watermarks', () => {
  it('takes everything for touched when its buckets become too many to be listed', () => {
    const coarse = new Watermarks(0, { buckets: 1_024 })
    for (let seq = 1; seq <= 900; seq += 1) coarse.touch([`e:${seq}`], seq)
    const copy = new WatermarksCopy(coarse.since(0))
    const fine = new Watermarks(900)
    fine.touch(['e:901'], 901)
    expect(copy.merge(fine.since(900))).toBe(true)
    expect([copy.lastTouched(['e:1']), copy.lastTouched(['e:901'])]).toEqual([900, 901])
    expect(copy.bytes).toBeLessThan(1_000)
  })
})

describe('the bucket of a tag', () => {
  // NEVER CHANGE THESE: an isolate and an object of different deploys would disagree.
  it.each([
    ['', 11, 31_755],
    ['g', 869, 63_333],
    ['s', 26, 56_346],
    ['t:airport', 927, 24_479],
    ['x:ATL', 789, 39_701],
    ['x:Zürich', 303, 55_599],
    ['x:🛫', 908, 34_700],
    ['e:01979c7e-3a5b-7cc0-8f43-6c5d2a1b0e9f', 71, 57_415],
    ['n:01979c7e-3a5b-7cc0-8f43-6c5d2a1b0e9f', 543, 41_503],
  ])('%j is %i of 1,024 and %i of 65,536', (tag, of1024, of65536) => {
    expect(bucketOf(tag, 1_024)).toBe(of1024)
    expect(bucketOf(tag, 65_536)).toBe(of65536)
  })

  it('is one of the halves of its bucket when the buckets double', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 0, max: 16 }), (tag, bits) => {
        const count = 2 ** bits
        const bucket = bucketOf(tag, count)
        expect(bucket).toBeGreaterThanOrEqual(0)
        expect([bucket, bucket + count]).toContain(bucketOf(tag, count * 2))
      }),
    )
  })

  it('spreads tags evenly', () => {
    const sizes = new Int32Array(1_024)
    for (let i = 0; i < 102_400; i += 1) {
      const bucket = bucketOf(`e:${i}`, 1_024)
      sizes[bucket] = (sizes[bucket] ?? 0) + 1
    }
    // A hundred are expected, and a deviation of ten: six of those never happen by chance.
    expect(Math.min(...sizes)).toBeGreaterThan(40)
    expect(Math.max(...sizes)).toBeLessThan(160)
  })
})
