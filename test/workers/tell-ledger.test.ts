import { beforeEach, describe, expect, it } from 'vitest'
import type { Held } from '../../core/cache/entry.ts'
import { tenantId } from '../../core/ids.ts'
import type { CacheLedger, Deltas } from '../../workers/cache-ledger.ts'
import { countersOf, tenantCounters } from '../../workers/isolate.ts'
import { takeHits, tellLedger } from '../../workers/tell-ledger.ts'

const TENANT = tenantId('0192f0c1-7c9e-7a6e-b0a4-0d5c2f6f1a11')
const OTHER = tenantId('0192f0c1-7c9e-7a6e-b0a4-0d5c2f6f1a12')
const GRAPH = '0192f0c1-7c9e-7a6e-b0a4-0d5c2f6f1a13'
const HOUR_MS = 3_600_000

let told: { deltas: readonly Deltas[]; hourMs: number }[]
let isAway: boolean

const ledger: CacheLedger = {
  async add(deltas, hourMs) {
    if (isAway) throw new Error('away')
    told.push({ deltas, hourMs })
  },
  countsOf: async () => [],
  addHits: async () => {},
  hottest: async () => [],
  age: async () => {},
  isFirst: async () => false,
}

beforeEach(() => {
  told = []
  isAway = false
  tenantCounters.clear()
})

describe('what an isolate has counted', () => {
  it('is told once, tenant by tenant, for the hour it is', async () => {
    for (let i = 0; i < 3; i += 1) countersOf(TENANT).count({ type: 'loads', kind: 'entity' })
    countersOf(OTHER).count({ type: 'hits', tier: 'edge', kind: 'list' })
    await tellLedger(ledger, 7.5 * HOUR_MS)
    await tellLedger(ledger, 7.6 * HOUR_MS)
    expect(told[0]?.hourMs).toBe(7 * HOUR_MS)
    expect(new Map(told[0]?.deltas.map(({ tenantId, counts }) => [tenantId, counts]))).toEqual(
      new Map([
        [TENANT, { 'entity:loads': 3 }],
        [OTHER, { 'edge:list:hits': 1 }],
      ]),
    )
    expect(told[1]?.deltas).toEqual([])
  })

  it('is kept when nobody listens, with what is counted meanwhile', async () => {
    isAway = true
    countersOf(TENANT).count({ type: 'loads', kind: 'entity' })
    const telling = tellLedger(ledger, 0)
    countersOf(TENANT).count({ type: 'loads', kind: 'entity' })
    await telling
    isAway = false
    await tellLedger(ledger, 0)
    expect(told[0]?.deltas).toEqual([{ tenantId: TENANT, counts: { 'entity:loads': 2 } }])
  })
})

describe('the hottest values', () => {
  function held(hits: number): Held<unknown> {
    const entry = { kind: 'entity', seq: 1, tags: [], value: 1, bytes: 1 } as const
    return { ...entry, upTo: 1, knownAt: 0, hits }
  }

  it('are named without format and history, the hottest first, and counted anew', () => {
    const key = (name: string) => `t2:${TENANT}:${GRAPH}:some-history:${name}`
    const entries: [string, Held<unknown>][] = [
      [key('entity:1'), held(5)],
      [key('list:entities:{"a":1}'), held(9)],
      [key('entity:once'), held(1)],
      [`t2:${TENANT}:${TENANT}:some-history:key:hash:default`, held(99)],
    ]
    const named = (name: string) => `${TENANT}:${GRAPH}:${name}`
    expect(takeHits(entries)).toEqual([
      [named('list:entities:{"a":1}'), 9],
      [named('entity:1'), 5],
    ])
    expect(takeHits(entries)).toEqual([])
  })
})
