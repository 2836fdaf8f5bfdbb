import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMigrated, type MigratedDatabase } from '../../harness/databases.ts'
import type { Observed } from './histories/attempts.ts'
import { violations } from './histories/check.ts'
import { CROWDED, ROUGH } from './histories/faults.ts'
import { type Happenings, runHistory } from './histories/run.ts'
import { SPOILED_ANSWERS } from './histories/spoil-answers.ts'
import { SPOILED_LOGS } from './histories/spoil-log.ts'

/** Draws the requests and the faults; how they meet is up to the machine. */
const SEED = Number(process.env.TENDRIL_SEED ?? Date.now() % 2 ** 31)
const RUN_LIMIT_MS = 120_000

let shard: MigratedDatabase
let history: Observed & { readonly happenings: Happenings }

beforeAll(async () => {
  console.info(`TENDRIL_SEED=${SEED}`)
  shard = await createMigrated('shard')
  history = await runHistory(shard, { seed: SEED, writers: 32, requests: 32, rates: CROWDED })
}, RUN_LIMIT_MS)

afterAll(() => shard.drop())

describe('32 writers on one graph, with lost answers, evicted and doubled instances', () => {
  it('are told nothing that the log does not keep (C1, C3, C4, C5, C6)', () => {
    expect(violations(history)).toEqual([])
  })

  it('meet every mishap and get every answer', () => {
    const statuses = history.attempts.map(({ told }) =>
      told.status === 'committed' && told.replayed ? 'replayed' : told.status,
    )
    expect([...new Set(statuses)]).toEqual(
      expect.arrayContaining([
        'committed',
        'replayed',
        'refused',
        'schema_moved',
        'fingerprint_mismatch',
        'outcome_unknown',
        'evicted',
      ]),
    )
    const refusals = history.attempts.flatMap(({ told }) =>
      told.status === 'refused' ? told.refusals.map(({ refused }) => refused) : [],
    )
    expect(new Set(refusals).size).toBeGreaterThanOrEqual(7)
    const kinds = new Set(history.contents.events.map(({ kind }) => kind))
    expect(kinds.size).toBe(8)
    expect(Math.min(...Object.values(history.happenings))).toBeGreaterThan(0)
    expect(history.contents.events.length).toBeGreaterThan(500)
  })
})

describe('two writers, for whom most calls go wrong', () => {
  it(
    'are told nothing that the log does not keep (C1, C3)',
    async () => {
      const rough = { seed: SEED, writers: 2, requests: 100, rates: ROUGH }
      const { attempts, contents } = await runHistory(shard, rough)
      expect(violations({ attempts, contents })).toEqual([])
      expect(attempts.map(({ told }) => told.status)).toContain('not_committed')
    },
    RUN_LIMIT_MS,
  )
})

describe('the checker of histories speaks up', () => {
  it.each([...SPOILED_LOGS, ...SPOILED_ANSWERS])('when %s', (_title, spoil, said) => {
    expect(violations(spoil(history))).toContainEqual(expect.stringMatching(said))
  })
})
