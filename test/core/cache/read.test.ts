import { describe, expect, it } from 'vitest'
import { prefetch, read } from '../../../core/cache/read.ts'
import type { Consistency } from '../../../core/log/consistency.ts'
import { settled } from './manual-waiting.ts'
import { bounded, newLog, reads, SESSION, STRONG } from './reads.ts'

describe('a read', () => {
  it('strong: asks the object every time, and loads what was touched', async () => {
    const log = newLog()
    expect(await reads(log, STRONG)).toMatchObject({ values: ['a@1'], source: 'origin', seen: 1 })
    expect(await reads(log, STRONG)).toMatchObject({ values: ['a@1'], source: 'memory', seen: 1 })
    log.write(['b'])
    expect(await reads(log, STRONG)).toMatchObject({ values: ['a@1'], source: 'memory', seen: 2 })
    log.write(['a'])
    expect(await reads(log, STRONG)).toMatchObject({ values: ['a@3'], source: 'origin', seen: 3 })
    expect(log.takeTrace()).toEqual(['ask 0', 'load a', 'ask 0', 'ask 0', 'ask 0', 'load a'])
  })

  it('session and bounded: ask nobody while the watermarks are young', async () => {
    const log = newLog()
    await reads(log, SESSION)
    expect(log.takeTrace()).toEqual(['ask 0', 'load a'])
    await log.waiting.pass(400)
    for (const level of [SESSION, bounded(1_000)]) {
      expect(await reads(log, level)).toMatchObject({ source: 'memory', ageMs: 400 })
    }
    expect(log.takeTrace()).toEqual([])
    await log.waiting.pass(700)
    await reads(log, bounded(2_000))
    expect(log.takeTrace()).toEqual(['ask 0'])
  })

  it('asks ahead of need when the watermarks are half as old as they may be', async () => {
    const log = newLog()
    await reads(log, SESSION)
    await log.waiting.pass(600)
    log.takeTrace()
    expect(await reads(log, SESSION)).toMatchObject({ source: 'memory', ageMs: 600 })
    await settled()
    expect(log.takeTrace()).toEqual(['ask 0'])
    expect(await reads(log, SESSION)).toMatchObject({ ageMs: 0 })
  })

  it('session: sees what its bookmark has seen, and the bookmark grows with it (R5)', async () => {
    const log = newLog()
    await reads(log, SESSION)
    log.write(['a'], false)
    const bookmark = { historyId: 'h1', seq: 2 }
    const answer = await reads(log, SESSION, ['a'], { bookmark })
    expect(answer).toMatchObject({ values: ['a@2'], seq: 2, seen: 2 })
    const older = await reads(log, SESSION, ['b'], { bookmark })
    expect(older).toMatchObject({ values: ['b@1'], seen: 2 })
  })

  it('strong: what the object told is in the bookmark, also of a value read long before (R5)', async () => {
    const log = newLog()
    await reads(log, STRONG)
    log.write(['c'])
    expect(await reads(log, STRONG)).toMatchObject({ seq: 1, seen: 2 })
    expect(await reads(log, SESSION)).toMatchObject({ seq: 1, seen: 1 })
  })

  it('strong: reports what it loaded before it answers, when the object knows less (R2)', async () => {
    const log = newLog()
    log.write(['a'], false)
    expect(await reads(log, STRONG)).toMatchObject({ values: ['a@2'], seen: 2 })
    expect(log.takeTrace()).toEqual(['ask 0', 'load a', 'ask 2'])
    expect(log.watermarks.head).toBe(2)
  })

  it('of several parts is of one seq: what was cached is checked there, and loaded if it was touched (R1)', async () => {
    const log = newLog()
    await reads(log, SESSION, ['a'])
    log.write(['c'], false)
    expect(await reads(log, SESSION, ['a', 'c'])).toMatchObject({ values: ['a@1', 'c@2'], seq: 2 })
    expect(log.takeTrace()).toEqual(['ask 0', 'load a', 'load c', 'ask 2'])
    log.write(['a', 'd'], false)
    expect(await reads(log, SESSION, ['a', 'd'])).toMatchObject({ values: ['a@3', 'd@3'], seq: 3 })
    expect(log.takeTrace()).toEqual(['load d', 'ask 3', 'load a'])
  })

  it('of parts that others keep changing loads all of them in one snapshot in the end (R1)', async () => {
    const log = newLog()
    await reads(log, SESSION, ['a', 'b', 'c'])
    log.takeTrace()
    log.write(['a', 'd'], false)
    const others = [['b'], ['c']]
    log.afterTold = () => log.write(others.shift() ?? [], false)
    const { values, seq } = await reads(log, SESSION, ['a', 'b', 'c', 'd'])
    expect({ values, seq }).toEqual({ values: ['a@2', 'b@3', 'c@4', 'd@2'], seq: 4 })
    expect(log.takeTrace()).toEqual(['load d', 'ask 2', 'load a', 'ask 3', 'load a,b,c,d'])
  })
})

describe('a read that is not kept', () => {
  it('loads anew each time, by the same rules, and leaves nothing behind', async () => {
    const log = newLog()
    const isUncached = true
    expect(await reads(log, SESSION, ['a'], { isUncached })).toMatchObject({ source: 'origin' })
    expect(await reads(log, SESSION, ['a'], { isUncached })).toMatchObject({ source: 'origin' })
    expect(log.memory.count).toBe(0)
    await reads(log, SESSION)
    log.write(['a'], false)
    log.takeTrace()
    const answer = await reads(log, STRONG, ['a'], { isUncached })
    expect(answer).toMatchObject({ values: ['a@2'], seen: 2 })
    expect(log.takeTrace()).toEqual(['ask 0', 'load a', 'ask 2'])
  })
})

describe('asking ahead of a read', () => {
  it.each([
    ['strong', STRONG],
    ['session', SESSION],
    ['bounded', bounded(0)],
  ] as const)('%s: the read needs no call of its own', async (_title, consistency) => {
    const log = newLog()
    const { reader } = log
    const request = log.request(['a'], consistency)
    prefetch(reader, request)
    await settled()
    expect(log.takeTrace()).toEqual(['ask 0'])
    expect(await read(reader, request)).toMatchObject({ values: ['a@1'] })
    expect(log.takeTrace()).toEqual(['load a'])
  })

  it('asks nobody when nothing will be needed, and fails nobody', async () => {
    const log = newLog()
    await reads(log, SESSION)
    log.takeTrace()
    prefetch(log.reader, log.request(['a'], SESSION))
    await settled()
    expect(log.takeTrace()).toEqual([])
    log.isObjectAway = true
    const waited: Promise<unknown>[] = []
    const waiting = { ...log.waiting, waitUntil: (work: Promise<unknown>) => waited.push(work) }
    prefetch({ ...log.reader, waiting }, log.request(['a'], STRONG))
    expect(await Promise.all(waited)).toContain(null)
  })

  it('does for the request that it was asked for, and for no later one (R4)', async () => {
    const log = newLog()
    const { reader } = log
    prefetch(reader, log.request(['a'], STRONG))
    await settled()
    log.write(['a'])
    expect(await reads(log, STRONG)).toMatchObject({ values: ['a@2'] })
    expect(log.takeTrace()).toEqual(['ask 0', 'ask 0', 'load a'])
  })
})

describe('values that are not current any more', () => {
  it('are answered inside the bound, and refreshed in the background', async () => {
    const log = newLog()
    await reads(log, bounded(10_000))
    await log.waiting.pass(1_000)
    log.write(['a'])
    await reads(log, SESSION, ['b'])
    log.takeTrace()
    const answer = await reads(log, bounded(10_000))
    expect(answer).toMatchObject({ values: ['a@1'], source: 'memory', ageMs: 1_000 })
    await settled()
    expect(log.takeTrace()).toEqual(['load a'])
    expect(await reads(log, bounded(10_000))).toMatchObject({ values: ['a@2'], ageMs: 0 })
  })

  it('are not answered to strong, session, a bookmark that is later, or beyond the bound', async () => {
    const levels: [Consistency, number | null][] = [
      [STRONG, null],
      [SESSION, null],
      [bounded(10_000), 2],
      [bounded(999), null],
    ]
    for (const [level, seq] of levels) {
      const log = newLog()
      await reads(log, bounded(10_000))
      await log.waiting.pass(1_000)
      log.write(['a'])
      await reads(log, SESSION, ['b'])
      const bookmark = seq === null ? null : { historyId: 'h1', seq }
      expect(await reads(log, level, ['a'], { bookmark })).toMatchObject({ values: ['a@2'] })
    }
  })

  it('of a time that is still to come, since the clock went back, are expired (R8)', async () => {
    const log = newLog()
    await reads(log, bounded(10_000))
    log.waiting.nowMs -= 3_600_000
    log.write(['a'])
    log.takeTrace()
    expect(await reads(log, bounded(10_000))).toMatchObject({ values: ['a@2'] })
    expect(log.takeTrace()).toEqual(['ask 0', 'load a'])
    expect(await reads(log, bounded(10_000))).toMatchObject({ values: ['a@2'], ageMs: 0 })
    expect(log.takeTrace()).toEqual([])
  })
})

describe('tiers beyond memory', () => {
  it('are asked nearest first, are skipped when they fail, and what is outdated there is not taken', async () => {
    const log = newLog()
    const kept = new Map<string, unknown>()
    const asked: string[] = []
    log.tiers.push(
      {
        name: 'edge',
        get: async () => {
          asked.push('edge')
          throw new Error('no edge')
        },
        set: () => Promise.reject(new Error('no edge')),
        delete: async () => {},
      },
      {
        name: 'redis',
        get: async (keys) => {
          asked.push('redis')
          return keys.map((key) => (kept.get(key) as never) ?? null)
        },
        set: async (entries) => {
          for (const [key, entry] of entries) kept.set(key, entry)
        },
        delete: async () => {},
      },
    )
    expect(await reads(log, STRONG)).toMatchObject({ source: 'origin' })
    log.memory.delete('h1:a')
    expect(await reads(log, STRONG)).toMatchObject({ values: ['a@1'], source: 'redis' })
    log.write(['a'])
    log.memory.delete('h1:a')
    expect(await reads(log, STRONG)).toMatchObject({ values: ['a@2'], source: 'origin' })
    expect(asked).toEqual(['edge', 'redis', 'edge', 'redis', 'edge', 'redis'])
  })
})
