import { describe, expect, it } from 'vitest'
import { Cache } from '../../../core/cache/cache.ts'
import type { Freshness, LogReader } from '../../../core/cache/log-reader.ts'
import { LogView } from '../../../core/cache/log-view.ts'
import { MemoryTier } from '../../../core/cache/memory.ts'
import { SingleFlight } from '../../../core/cache/single-flight.ts'
import { type Holding, unchanged } from '../../../core/cache/unchanged.ts'
import { Watermarks } from '../../../core/log/watermarks.ts'

const HISTORY = '050b130e-c9fa-46b0-aa5c-99348927ed4e'
const OWN = '050b130e'
const NOW = 10_000

/** A log in which `e:a` changed at 3, `t:b` at 5, and which has come to 9; away: it does not answer. */
function newLog({ isAway = false } = {}) {
  const watermarks = new Watermarks(0)
  watermarks.touch(['e:a'], 3)
  watermarks.touch(['t:b'], 5)
  watermarks.touch(['e:other'], 9)
  const waiting = { sleep: () => new Promise<void>(() => {}), waitUntil: () => {} }
  const asked: number[] = []
  const fail = () => {
    throw new Error('no value may be looked for')
  }
  const tier = { name: 'redis' as const, get: fail, set: fail, delete: fail }
  const memory = new MemoryTier(1_000_000, () => NOW)
  const reader: LogReader = {
    view: new LogView(),
    after: 0,
    ask: async (since) => {
      asked.push(since)
      if (isAway) throw new Error('away')
      return { historyId: HISTORY, watermarks: watermarks.since(since) }
    },
    cache: new Cache({ memory, tiers: [tier], waiting, onEvent: () => {} }),
    flights: new SingleFlight(),
    keyPrefix: fail,
    now: () => NOW,
    waiting,
  }
  return { reader, asked }
}

const session: Freshness = { consistency: { level: 'session' }, bookmark: null, arrivedAt: NOW }
const strong: Freshness = { ...session, consistency: { level: 'strong' } }

const version = (...seqs: number[]): Holding => holding(seqs, 'e:a', true)
const list = (...seqs: number[]): Holding => holding(seqs, 't:b', false)

function holding(seqs: readonly number[], tag: string, isVersion: boolean): Holding {
  return { etags: seqs.map((seq) => ({ seq, history: OWN })), tags: [tag], isVersion }
}

describe('what a caller holds', () => {
  it('is current when it is the version of the last change, and no other', async () => {
    const { reader } = newLog()
    for (const seq of [0, 2, 4, 9, 10]) {
      expect(await unchanged(reader, session, version(seq)), `version ${seq}`).toBeNull()
    }
    expect(await unchanged(reader, session, version(2, 3))).toMatchObject({
      ...{ etag: `"3-${OWN}"`, seq: 3, seen: 3, historyId: HISTORY, isStale: false },
    })
  })

  it('is current when it was read after the last change, up to what is known of the log', async () => {
    const { reader } = newLog()
    for (const seq of [5, 7, 9]) {
      expect(await unchanged(reader, session, list(seq)), `seq ${seq}`).toMatchObject({ seq })
    }
    for (const seq of [0, 4, 10]) {
      expect(await unchanged(reader, session, list(seq)), `seq ${seq}`).toBeNull()
    }
  })

  it('of another history is nothing (H1)', async () => {
    const { reader } = newLog()
    const etags = [{ seq: 3, history: 'ffffffff' }]
    expect(await unchanged(reader, session, { ...version(), etags })).toBeNull()
  })

  it('is compared with what the log says now where the read is strong', async () => {
    const { reader, asked } = newLog()
    await unchanged(reader, session, version(3))
    await unchanged(reader, session, version(3))
    expect(asked).toEqual([0])
    const later = { ...reader, after: reader.view.calls }
    expect(await unchanged(later, strong, version(3))).toMatchObject({ seq: 3, seen: 9 })
    expect(asked).toEqual([0, 9])
  })

  it('is no answer to a bookmark that is ahead of the log or of another history', async () => {
    const { reader } = newLog()
    const ahead = { ...session, bookmark: { historyId: HISTORY, seq: 10 } }
    await expect(unchanged(reader, ahead, version(3))).rejects.toThrow('ahead')
    const other = { ...session, bookmark: { historyId: crypto.randomUUID(), seq: 1 } }
    await expect(unchanged(reader, other, version(3))).rejects.toThrow('restored')
    const seen = { ...session, bookmark: { historyId: HISTORY, seq: 8 } }
    expect(await unchanged(reader, seen, version(3))).toMatchObject({ seen: 8 })
  })

  it('is unknown while the log is away, and no strong read goes on then', async () => {
    const { reader } = newLog({ isAway: true })
    expect(await unchanged(reader, session, version(3))).toBeNull()
    await expect(unchanged(reader, strong, version(3))).rejects.toThrow('does not answer')
  })

  it('may be as old as the watermarks it was compared with', async () => {
    const { reader } = newLog()
    await unchanged(reader, session, version(3))
    const later = { ...session, arrivedAt: NOW + 700 }
    expect(await unchanged(reader, later, version(3))).toMatchObject({ ageMs: 700 })
  })
})
