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

/** How many histories may be needed until one of them has met everything; most meet it at once. */
const MAX_HISTORIES = 6

type History = Observed & { readonly happenings: Happenings }

let shard: MigratedDatabase
let histories: History[]
let history: History

beforeAll(async () => {
  console.info(`TENDRIL_SEED=${SEED}`)
  shard = await createMigrated('shard')
  histories = []
  for (let nth = 0; nth < MAX_HISTORIES; nth += 1) {
    const crowded = { seed: SEED + nth, writers: 32, requests: 32, rates: CROWDED }
    history = await runHistory(shard, crowded)
    histories.push(history)
    if (unmet(history).length === 0) break
  }
}, MAX_HISTORIES * RUN_LIMIT_MS)

afterAll(() => shard.drop())

describe('32 writers on one graph, with lost answers, evicted and doubled instances', () => {
  it('are told nothing that the log does not keep (C1, C3, C4, C5, C6)', () => {
    expect(histories.flatMap(violations)).toEqual([])
  })

  it('meet every mishap and get every answer', () => {
    expect(unmet(history)).toEqual([])
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

const STATUSES = [
  'committed',
  'replayed',
  'refused',
  'schema_moved',
  'fingerprint_mismatch',
  'outcome_unknown',
  'evicted',
]
const REFUSALS = 7
const KINDS_OF_EVENTS = 8

/** What a history should have met and did not: which answers, refusals, kinds of events and mishaps. */
function unmet({ attempts, contents, happenings }: History): string[] {
  const statuses = new Set(
    attempts.map(({ told }) =>
      told.status === 'committed' && told.replayed ? 'replayed' : told.status,
    ),
  )
  const refusals = new Set(
    attempts.flatMap(({ told }) =>
      told.status === 'refused' ? told.refusals.map(({ refused }) => refused) : [],
    ),
  )
  const kinds = new Set(contents.events.map(({ kind }) => kind))
  return [
    ...STATUSES.filter((status) => !statuses.has(status as never)),
    ...(refusals.size < REFUSALS ? [`refusals: only ${[...refusals]}`] : []),
    ...(kinds.size < KINDS_OF_EVENTS ? [`kinds of events: only ${[...kinds]}`] : []),
    ...Object.entries(happenings).flatMap(([mishap, count]) => (count === 0 ? [mishap] : [])),
  ]
}
