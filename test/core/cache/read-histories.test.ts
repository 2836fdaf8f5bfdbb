import { describe, expect, it } from 'vitest'
import { settled } from './manual-waiting.ts'
import { bounded, newLog, reads, SESSION, STRONG } from './reads.ts'

describe('a bookmark', () => {
  it.each([
    ['strong', STRONG],
    ['session', SESSION],
    ['bounded', bounded(300_000)],
  ] as const)('ahead of the graph is refused: %s', async (_title, level) => {
    const log = newLog()
    await reads(log, SESSION)
    const bookmark = { historyId: 'h1', seq: 9 }
    const read = reads(log, level, ['a'], { bookmark })
    await expect(read).rejects.toMatchObject({
      code: 'malformed_request',
      message: expect.stringContaining('Tendril-Bookmark'),
    })
    log.isObjectAway = true
    if (level !== STRONG) {
      await expect(reads(log, level, ['a'], { bookmark })).rejects.toMatchObject({
        code: 'malformed_request',
      })
    }
  })

  it.each([
    ['strong', STRONG],
    ['session', SESSION],
    ['bounded', bounded(300_000)],
  ] as const)('of another history is a conflict: %s (H1)', async (_title, level) => {
    const log = newLog()
    const bookmark = { historyId: 'h1', seq: 1 }
    log.restore('h2')
    log.write(['a'])
    const read = reads(log, level, ['a'], { bookmark })
    await expect(read).rejects.toMatchObject({ code: 'conflict' })
  })

  it('of the history since a restore is good, though the isolate has not heard of it (H1)', async () => {
    const log = newLog()
    await reads(log, SESSION)
    log.restore('h2')
    log.write(['a'])
    const bookmark = { historyId: 'h2', seq: 1 }
    const answer = await reads(log, SESSION, ['a'], { bookmark })
    expect(answer).toMatchObject({ historyId: 'h2', values: ['a@1'] })
  })

  it('is looked at again when the graph is restored while the read is under way (H1)', async () => {
    const log = newLog()
    for (let i = 0; i < 8; i += 1) log.write(['c'])
    const bookmark = { historyId: 'h1', seq: 9 }
    await reads(log, SESSION, ['b'], { bookmark })
    log.restore('h2')
    for (let i = 0; i < 9; i += 1) log.write(['a'])
    await expect(reads(log, SESSION, ['a'], { bookmark })).rejects.toMatchObject({
      code: 'conflict',
    })
    expect(log.takeTrace()).toEqual(['ask 9', 'load b', 'load a', 'ask 0', 'ask 0'])
  })
})

describe('a restore', () => {
  it('between a load and the object’s word of it: nothing of the old history is answered (H1)', async () => {
    const log = newLog()
    await reads(log, SESSION, ['a'])
    log.write(['a', 'c'], false)
    log.beforeTold = () => {
      log.restore('h2')
      for (let i = 0; i < 5; i += 1) log.write(['b'])
      log.beforeTold = () => {}
    }
    const answer = await reads(log, SESSION, ['a', 'c'])
    expect(answer).toMatchObject({ historyId: 'h2', values: ['nothing', 'nothing'] })
  })

  it('keeps what is loaded late under the history it was loaded from (H1)', async () => {
    const log = newLog()
    await reads(log, SESSION, ['b'])
    const gate = Promise.withResolvers<void>()
    log.beforeLoad = () => gate.promise
    const late = reads(log, SESSION, ['a'])
    await settled()
    log.restore('h2')
    log.write(['c'])
    log.beforeLoad = () => {}
    await reads(log, STRONG, ['c'])
    gate.resolve()
    await late
    expect(await reads(log, STRONG, ['a'])).toMatchObject({ historyId: 'h2', values: ['nothing'] })
  })
})
