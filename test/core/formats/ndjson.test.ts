import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readNdjson, writeNdjson } from '../../../core/formats/ndjson.ts'
import { MAX_RECORD_CHARACTERS } from '../../../core/formats/rows.ts'
import { collect, cut, cuts, each, textOf } from './cut.ts'
import { graph } from './graphs.arbitrary.ts'
import { recordOf } from './record-of.ts'

describe('NDJSON', () => {
  it('is read as the records that were written, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(graph, cuts, async ({ entities, relationships }, where) => {
        const records = [...entities, ...relationships]
        const text = await textOf(writeNdjson(each(records)))
        const rows = await collect(readNdjson(cut(text, where)))
        expect(rows.map(recordOf)).toEqual(records)
        const values = rows.map((row) => ('value' in row ? row.value : row))
        expect(await textOf(writeNdjson(each(values)))).toBe(text)
      }),
    )
  })

  it('gives bad lines with their reasons and goes on', async () => {
    const text = '\ufeff{"a":1}\r\n\r\n{no}\n{"n":9007199254740993}\n{"b":2}'
    const rows = await collect(readNdjson(cut(text, 'everywhere')))
    expect(rows.map((row) => [row.line, 'error' in row ? row.error.message : row.value])).toEqual([
      [1, { a: 1 }],
      [3, expect.stringMatching(/^not JSON: /)],
      [4, expect.stringContaining('does not fit a double')],
      [5, { b: 2 }],
    ])
  })

  it('takes a number of 17 digits as a double writes it', async () => {
    const text = '{"n":-18442685533151230}'
    expect(await collect(readNdjson([text]))).toEqual([{ line: 1, value: JSON.parse(text) }])
  })

  it('passes over a line that is too long without keeping it', async () => {
    function* chunks() {
      const part = 'x'.repeat(1024 * 1024)
      for (let i = 0; i <= MAX_RECORD_CHARACTERS / part.length; i += 1) yield part
      yield '\n{"a":1}\n'
    }
    const rows = await collect(readNdjson(chunks()))
    expect(rows.map(({ line }) => line)).toEqual([1, 2])
    expect(rows[0]).toHaveProperty('error.message', 'has more than 8388608 characters')
  })

  it.each([
    ['in the midst', [0x7b, 0x0a, 0xfc, 0x0a], 2],
    ['cut off at the end', [0x0a, 0x0a, 0xc3], 3],
    ['after a character that two chunks share', [0x0a, 0xc3, 0xa4, 0x0a, 0xff], 3],
  ])('that is not UTF-8 %s names the line', async (_where, bytes, line) => {
    const message = `line ${line}: is not UTF-8`
    for (const size of [1, 2, 3, 10]) {
      const chunks = []
      for (let i = 0; i < bytes.length; i += size)
        chunks.push(Uint8Array.from(bytes.slice(i, i + size)))
      await expect(collect(readNdjson(chunks))).rejects.toThrow(message)
    }
  })
})
