import { expect, it } from 'vitest'
import { planCsv } from '../../../core/formats/csv/plan.ts'
import { profileCsv } from '../../../core/formats/csv/profile.ts'
import { readCsv } from '../../../core/formats/csv/read-csv.ts'
import { writeCsv } from '../../../core/formats/csv/write-csv.ts'
import type { ExportedEntity } from '../../../core/formats/exported.ts'
import { GRAPHML_DEFAULTS, readGraphml } from '../../../core/formats/graphml/read-graphml.ts'
import { writeGraphml } from '../../../core/formats/graphml/write-graphml.ts'
import { readNdjson, writeNdjson } from '../../../core/formats/ndjson.ts'
import type { ReadRow } from '../../../core/formats/rows.ts'
import type { Json } from '../../../core/json.ts'
import { collect, cut, each, textOf } from './cut.ts'
import { recordOf } from './record-of.ts'

type Codec = {
  readonly write: (records: readonly ExportedEntity[]) => AsyncIterable<string>
  readonly read: (text: string) => Promise<ReadRow[]>
}

const CUTS = Array.from({ length: 40 }, (_, i) => i / 40)
const CSV = { kind: null, type: null, map: new Map(), unmapped: 'properties', infer: true } as const

const codecs: Readonly<Record<string, Codec>> = {
  NDJSON: {
    write: (records) => writeNdjson(each(records)),
    read: (text) => collect(readNdjson(cut(text, CUTS))),
  },
  CSV: {
    write: (records) => writeCsv('entity', () => each(records)),
    async read(text) {
      const plan = planCsv(await profileCsv(() => cut(text, CUTS)), CSV)
      return collect(readCsv(cut(text, CUTS), plan))
    },
  },
  GraphML: {
    write: (records) => writeGraphml(() => each(records)),
    read(text) {
      const options = { ...GRAPHML_DEFAULTS, map: new Map(), onWarning: () => {} }
      return collect(readGraphml(cut(text, CUTS), options))
    },
  },
}

function entity(n: number, properties: ExportedEntity['properties']): ExportedEntity {
  const id = `01979c7e-3a5b-7cc0-8f43-${String(n).padStart(12, '0')}`
  return {
    kind: 'entity',
    id,
    type: 'n',
    external_id: null,
    name: null,
    location: null,
    properties,
  }
}

const megabyte = 'ä"\n,<&>\r😀\u0001'.repeat(90_000)
const deep = Array.from({ length: 60 }).reduce<Json>((inner) => ({ a: [inner] }), 'end')
const wide = (n: number) =>
  Object.fromEntries(Array.from({ length: 700 }, (_, i) => [`k${n * 500 + i}`, i]))

it.each(Object.entries(codecs))(
  '%s keeps texts of a megabyte, deep JSON and 2,000 properties',
  async (_name, codec) => {
    const records = [
      entity(1, { text: megabyte, plain: 'x'.repeat(1024 * 1024) }),
      entity(2, { deep, text: '' }),
      ...[1, 2, 3, 4].map((n) => entity(2 + n, wide(n))),
    ]
    const text = await textOf(codec.write(records))
    const read = (await codec.read(text)).map((row) => {
      const value = recordOf(row)
      return { ...value, properties: new Map(Object.entries(value.properties)) }
    })
    const expected = records.map((each) => ({
      ...each,
      properties: new Map(Object.entries(each.properties)),
    }))
    expect(read).toEqual(expected)
  },
  60_000,
)
