import { describe, expect, it } from 'vitest'
import { settled } from './manual-waiting.ts'
import { bounded, newLog, reads, SESSION, STRONG } from './reads.ts'

describe('without the log’s object', () => {
  it('strong is refused, also when everything is in memory (R6)', async () => {
    const log = newLog()
    await reads(log, STRONG)
    log.isObjectAway = true
    await expect(reads(log, STRONG)).rejects.toMatchObject({
      code: 'unavailable',
      detail: { retryAfterSeconds: 1 },
    })
    expect(log.takeTrace()).toEqual(['ask 0', 'load a', 'ask 0'])
  })

  it('session and bounded hold as long as the watermarks are young, then read the primary (R7)', async () => {
    const log = newLog()
    await reads(log, SESSION)
    log.isObjectAway = true
    log.takeTrace()
    for (const level of [SESSION, bounded(1_000)]) {
      expect(await reads(log, level)).toMatchObject({ source: 'memory' })
    }
    expect(log.takeTrace()).toEqual([])
    await log.waiting.pass(1_001)
    for (const level of [SESSION, bounded(1_000)]) {
      expect(await reads(log, level)).toMatchObject({ source: 'origin', ageMs: 0, seen: 1 })
    }
    expect(log.takeTrace()).toEqual(['ask 0', 'load a', 'ask 0', 'load a'])
  })

  it('several parts of different seqs are loaded at once', async () => {
    const log = newLog()
    await reads(log, SESSION, ['a'])
    log.write(['a', 'c'], false)
    log.isObjectAway = true
    log.takeTrace()
    const answer = await reads(log, SESSION, ['a', 'c'])
    expect(answer).toMatchObject({ values: ['a@2', 'c@2'], seq: 2 })
    expect(log.takeTrace()).toEqual(['load c', 'ask 2', 'load a,c'])
  })

  it('a load that began before the bookmark was made is not enough (R7)', async () => {
    const log = newLog()
    log.isObjectAway = true
    const gate = Promise.withResolvers<void>()
    log.beforeLoad = () => gate.promise
    const early = reads(log, SESSION)
    await settled()
    log.write(['a'])
    const late = reads(log, SESSION, ['a'], { bookmark: { historyId: 'h1', seq: 2 } })
    await settled()
    log.beforeLoad = () => {}
    gate.resolve()
    expect(await early).toMatchObject({ values: ['a@1'] })
    expect(await late).toMatchObject({ values: ['a@2'], seen: 2 })
  })

  it('nor is one that began longer ago than the bound', async () => {
    const log = newLog()
    log.isObjectAway = true
    const gate = Promise.withResolvers<void>()
    log.beforeLoad = () => gate.promise
    const early = reads(log, bounded(100))
    await settled()
    log.write(['a'])
    await log.waiting.pass(101)
    const late = reads(log, bounded(100))
    await settled()
    log.beforeLoad = () => {}
    gate.resolve()
    expect(await early).toMatchObject({ values: ['a@1'] })
    expect(await late).toMatchObject({ values: ['a@2'] })
  })
})

describe('a clock that went back', () => {
  it('takes nothing from values that are still current: they are as old as the last look (R8)', async () => {
    const log = newLog()
    await reads(log, bounded(10_000))
    log.waiting.nowMs -= 3_600_000
    expect(await reads(log, bounded(10_000))).toMatchObject({ source: 'memory', ageMs: 0 })
    await log.waiting.pass(1_000)
    log.write(['a'])
    await reads(log, STRONG, ['b'])
    expect(await reads(log, bounded(10_000))).toMatchObject({ values: ['a@1'], ageMs: 1_000 })
  })
})

describe('stale-if-error', () => {
  it.each([
    ['the primary is away', { isPrimaryAway: true, isObjectAway: false }],
    ['the object as well', { isPrimaryAway: true, isObjectAway: true }],
  ])('gives what is in memory when %s, and says that it is stale', async (_title, away) => {
    const log = newLog()
    await reads(log, bounded(1_000))
    log.write(['a'])
    await log.waiting.pass(5_000)
    Object.assign(log, away)
    const answer = await reads(log, bounded(1_000, 4_000))
    expect(answer).toMatchObject({ values: ['a@1'], source: 'memory', isStale: true, ageMs: 5_000 })
    const refused = [
      reads(log, bounded(1_000, 3_999)),
      reads(log, bounded(1_000)),
      reads(log, bounded(1_000, 4_000), ['a', 'c']),
      reads(log, bounded(1_000, 4_000), ['a'], { bookmark: { historyId: 'h1', seq: 2 } }),
    ]
    for (const each of refused) await expect(each).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('is not called stale when it is within the bound', async () => {
    const log = newLog()
    await reads(log, bounded(1_000))
    await log.waiting.pass(500)
    log.isObjectAway = true
    log.isPrimaryAway = true
    const bookmark = { historyId: 'h1', seq: 1 }
    const answer = await reads(log, bounded(1_000, 1_000), ['a'], { bookmark })
    expect(answer).toMatchObject({ values: ['a@1'], isStale: false })
  })

  it('does not put together what never was', async () => {
    const log = newLog()
    await reads(log, bounded(1_000), ['a'])
    log.write(['a', 'b'])
    await log.waiting.pass(1_001)
    await reads(log, STRONG, ['b'])
    log.isObjectAway = true
    log.isPrimaryAway = true
    await log.waiting.pass(1_001)
    const read = reads(log, bounded(1_000, 60_000), ['a', 'b'])
    await expect(read).rejects.toMatchObject({ code: 'unavailable' })
  })
})
