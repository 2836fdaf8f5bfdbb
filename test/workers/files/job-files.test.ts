import fc from 'fast-check'
import { expect, it } from 'vitest'
import { tenantId } from '../../../core/ids.ts'
import { fileBytes, jobFiles, jobPrefix, readFile } from '../../../workers/files/job-files.ts'
import { MemoryFiles } from '../../fakes/memory-files.ts'

const job = {
  tenantId: tenantId('01979c7e-3a5b-7cc0-8f43-6c5d2a1b0e9f'),
  id: '01979c7e-0000-7cc0-8f43-6c5d2a1b0e9f',
}

it('any range of a file in parts is that range of the parts joined', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ maxLength: 10 }), { maxLength: 6 }),
      fc.nat(60),
      fc.nat(60),
      async (texts, from, length) => {
        const store = new MemoryFiles()
        const files = jobFiles(store, job, 'a-run')
        const parts = []
        for (const [i, text] of texts.entries()) parts.push(await files.write(`part-${i}`, text))
        const whole = Buffer.from(texts.join(''))
        expect(fileBytes({ parts })).toBe(whole.length)
        const range = { offset: from, length: Math.min(length, Math.max(0, whole.length - from)) }
        const read: Uint8Array[] = []
        for await (const chunk of readFile(store, job, { parts }, range)) read.push(chunk)
        const expected = whole.subarray(range.offset, range.offset + range.length)
        expect(Buffer.concat(read).equals(expected)).toBe(true)
      },
    ),
  )
})

it('two runs of one chunk cannot put a file in the place of the other’s', async () => {
  const store = new MemoryFiles()
  const [one, other] = ['01a', '02b'].map((run) => jobFiles(store, job, run))
  const first = await one?.write('part-0', 'one')
  const second = await other?.write('part-0', 'other')
  expect(await one?.readText(first?.name ?? '')).toBe('one')
  expect(await one?.readText(second?.name ?? '')).toBe('other')
  for (const key of store.contents.keys()) expect(key.startsWith(jobPrefix(job))).toBe(true)
  await expect(one?.readText('part-1')).rejects.toMatchObject({ code: 'gone' })
})
