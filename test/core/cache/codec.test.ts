import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeEntry, encodeEntry } from '../../../core/cache/codec.ts'
import type { Entry } from '../../../core/cache/entry.ts'

const someEntry: fc.Arbitrary<Entry<unknown>> = fc.record({
  kind: fc.constantFrom('entity', 'list', 'access'),
  seq: fc.maxSafeNat(),
  tags: fc.array(fc.string({ unit: 'binary' }), { maxLength: 70 }),
  value: fc.jsonValue(),
  bytes: fc.nat(),
})

function entry(value: unknown): Entry<unknown> {
  return { kind: 'entity', seq: 7, tags: ['e:1'], value, bytes: 3 }
}

describe('an entry as text', () => {
  it('comes back as it was, short or long', async () => {
    await fc.assert(
      fc.asyncProperty(someEntry, async (entry) => {
        const asJson = JSON.parse(JSON.stringify(entry))
        expect(await decodeEntry(await encodeEntry(entry))).toEqual(asJson)
      }),
    )
    const long = entry('ü\u0000😀'.repeat(50_000))
    expect(await decodeEntry(await encodeEntry(long))).toEqual(long)
  })

  it('is compressed from 1 KB on', async () => {
    const text = await encodeEntry(entry('x'.repeat(100_000)))
    expect(text.length).toBeLessThan(1_000)
    expect(await encodeEntry(entry('x'))).toContain('"x"')
  })

  it('is nothing when it was cut off, is of another version, or is not ours', async () => {
    const [short, long] = [await encodeEntry(entry(1)), await encodeEntry(entry('y'.repeat(9_999)))]
    for (const text of [short, long]) {
      for (let at = 0; at < Math.min(text.length, 200); at += 1) {
        expect(await decodeEntry(text.slice(0, at))).toBeNull()
      }
    }
    expect(await decodeEntry(short.replace('[2,', '[1,'))).toBeNull()
    for (const text of ['', 'j', 'z', 'jnull', 'j{}', 'j[]', 'j[1]', 'zAAAA', 'hello']) {
      expect(await decodeEntry(text)).toBeNull()
    }
  })
})
