import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readNdjson } from '../../../core/formats/ndjson.ts'
import { FIRST_LINE, readNdjsonFrom } from '../../../core/formats/ndjson-lines.ts'
import { MAX_RECORD_CHARACTERS } from '../../../core/formats/rows.ts'
import { collect } from './cut.ts'

async function* windows(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size)
}

const line = fc.oneof(
  fc.json(),
  fc.constantFrom('', ' ', '\r', 'no JSON', '{"a":1}', '{"é":"𝄞"}\r', '{"n":12345678901234567890}'),
)

it('reads from any of its rows on what the reader of the whole file reads, however it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 12 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 40 }),
      fc.nat(),
      async (lines, hasBom, size, at) => {
        const text = (hasBom ? '\ufeff' : '') + lines.join('\n')
        const bytes = new TextEncoder().encode(text)
        const expected = await collect(readNdjson([text]))
        const all = await collect(readNdjsonFrom(windows(bytes, size), FIRST_LINE))
        expect(all.map(({ row }) => row)).toEqual(expected)
        const start = all[at % Math.max(1, all.length)]
        if (!start) return
        const rest = windows(bytes.slice(start.next.offset), size)
        const again = await collect(readNdjsonFrom(rest, start.next))
        expect(again).toEqual(all.slice(all.indexOf(start) + 1))
      },
    ),
  )
})

it('passes over a line that is too long, and goes on behind it', async () => {
  const bytes = new TextEncoder().encode(`"${'x'.repeat(MAX_RECORD_CHARACTERS)}"\n1`)
  const rows = await collect(readNdjsonFrom(windows(bytes, 1_000_000), FIRST_LINE))
  expect(rows.map(({ row }) => ('error' in row ? row.error.message : row))).toEqual([
    `has more than ${MAX_RECORD_CHARACTERS} characters`,
    { line: 2, value: 1 },
  ])
})

it('names the line that is not UTF-8', async () => {
  const bytes = Uint8Array.from([0x31, 0x0a, 0x31, 0x0a, 0xc3])
  await expect(collect(readNdjsonFrom(windows(bytes, 2), FIRST_LINE))).rejects.toThrow(
    'line 3: is not UTF-8',
  )
})
