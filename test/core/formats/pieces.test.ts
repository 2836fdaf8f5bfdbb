import fc from 'fast-check'
import { expect, it } from 'vitest'
import { csvPieces, writeCsv } from '../../../core/formats/csv/write-csv.ts'
import type { Exported } from '../../../core/formats/exported.ts'
import { graphmlPieces, writeGraphml } from '../../../core/formats/graphml/write-graphml.ts'
import { ndjsonPieces, writeNdjson } from '../../../core/formats/ndjson.ts'
import type { Pieces } from '../../../core/formats/pieces.ts'
import type { Json } from '../../../core/json.ts'
import { each, textOf } from './cut.ts'
import { graph } from './graphs.arbitrary.ts'

/** Chunks of any sizes, with nothing from one to the next but JSON. */
function inPieces(pieces: Pieces, records: readonly Exported[], sizes: readonly number[]): string {
  const chunks: (readonly Exported[])[] = []
  for (let at = 0, i = 0; at < records.length; i += 1) {
    const size = sizes[i % sizes.length] ?? 1
    chunks.push(records.slice(at, at + size))
    at += size
  }
  const handedOn = (known: Json): Json => JSON.parse(JSON.stringify(known))
  let known = pieces.unseen
  if (known !== null) for (const chunk of chunks) known = handedOn(pieces.look(known, chunk))
  const texts = chunks.map((chunk) => pieces.write(handedOn(known), chunk))
  return [pieces.open(known), ...texts, pieces.close].join('')
}

const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 })

it('pieces joined are what the writer of the format makes of all records at once', async () => {
  await fc.assert(
    fc.asyncProperty(graph, sizes, fc.boolean(), async (content, sizes, metadata) => {
      const { entities, relationships } = content
      const all = [...entities, ...relationships]
      const records = () => each(all)
      expect(inPieces(ndjsonPieces, all, sizes)).toBe(await textOf(writeNdjson(records())))
      expect(inPieces(graphmlPieces, all, sizes)).toBe(await textOf(writeGraphml(records)))
      for (const [kind, of] of [
        ['entity', entities],
        ['relationship', relationships],
      ] as const) {
        const whole = await textOf(writeCsv(kind, () => each<Exported>(of), { metadata }))
        expect(inPieces(csvPieces(kind, { metadata }), of, sizes)).toBe(whole)
      }
    }),
    { numRuns: 200 },
  )
})

it('CSV in pieces puts properties beyond a thousand columns together, as in one', async () => {
  const records = Array.from({ length: 6 }, (_, i): Exported => {
    const keys = Array.from({ length: 300 }, (_, k): [string, Json] => [`k${i * 250 + k}`, k])
    return {
      ...{ kind: 'entity', id: `${i}`, type: 't', external_id: null, name: null, location: null },
      properties: Object.fromEntries(keys),
    }
  })
  const whole = await textOf(writeCsv('entity', () => each(records)))
  expect(inPieces(csvPieces('entity'), records, [2, 1])).toBe(whole)
  expect(whole.split('\n')[0]?.split(',').at(-1)).toBe('properties')
})
