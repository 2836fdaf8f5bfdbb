import fc from 'fast-check'
import { expect, it } from 'vitest'
import { planCsv } from '../../../core/formats/csv/plan.ts'
import { profileCsv } from '../../../core/formats/csv/profile.ts'
import { readCsv } from '../../../core/formats/csv/read-csv.ts'
import { writeCsv } from '../../../core/formats/csv/write-csv.ts'
import type { Exported } from '../../../core/formats/exported.ts'
import type { ReadRow } from '../../../core/formats/rows.ts'
import type { Kind } from '../../../core/log/commands.ts'
import { type Cuts, collect, cut, cuts, each, textOf } from './cut.ts'
import { graph } from './graphs.arbitrary.ts'
import { recordOf } from './record-of.ts'

const OPTIONS = {
  kind: null,
  type: null,
  map: new Map(),
  unmapped: 'properties',
  infer: true,
} as const

const write = (kind: Kind, records: readonly Exported[]) =>
  textOf(writeCsv(kind, () => each(records)))

async function read(text: string, where: Cuts = []): Promise<ReadRow[]> {
  const plan = planCsv(await profileCsv(() => cut(text, where)), OPTIONS)
  return collect(readCsv(cut(text, where), plan))
}

it('what is written as CSV is read as the same records, however it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(graph, cuts, async ({ entities, relationships }, where) => {
      for (const records of [entities, relationships]) {
        const [first] = records
        if (!first) continue
        const text = await write(first.kind, records)
        const rows = await read(text, where)
        expect(rows.map(recordOf)).toEqual(records)
        expect(await write(first.kind, rows.map(recordOf))).toBe(text)
      }
    }),
    { numRuns: 200 },
  )
})
