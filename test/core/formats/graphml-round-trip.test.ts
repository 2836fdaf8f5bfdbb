import fc from 'fast-check'
import { expect, it } from 'vitest'
import { GRAPHML_DEFAULTS, readGraphml } from '../../../core/formats/graphml/read-graphml.ts'
import { writeGraphml } from '../../../core/formats/graphml/write-graphml.ts'
import { collect, cut, cuts, each, textOf } from './cut.ts'
import { graph } from './graphs.arbitrary.ts'
import { recordOf } from './record-of.ts'

it('what is written as GraphML is read as the same records, however it is cut', async () => {
  const onWarning = (message: string) => expect.fail(message)
  await fc.assert(
    fc.asyncProperty(graph, cuts, async ({ entities, relationships }, where) => {
      const records = [...entities, ...relationships]
      const text = await textOf(writeGraphml(() => each(records)))
      const options = { ...GRAPHML_DEFAULTS, map: new Map(), onWarning }
      const rows = (await collect(readGraphml(cut(text, where), options))).map(recordOf)
      expect(rows).toEqual(records)
      expect(await textOf(writeGraphml(() => each(rows)))).toBe(text)
    }),
    { numRuns: 200 },
  )
})
