import { describe, expect, it } from 'vitest'
import { calls, withoutFootprints } from './model/calls.ts'
import { ALL_RULES, type Rules } from './model/model-database.ts'
import { type Found, search } from './model/search.ts'
import type { Faults, Scenario } from './model/world.ts'

const NO_FAULTS: Faults = { crashes: 0, losses: 0, rejections: 0, headsWanted: 0, moves: 0 }
const OPTIONS = { limits: { commands: 1_000, bytes: 1_000_000 }, maxSends: 1, maxQueue: 10 }

type Given = {
  readonly calls: readonly string[]
  readonly faults: Partial<Faults>
  readonly options?: Partial<Scenario['options']>
  readonly rules?: Partial<Rules>
  readonly succession?: Scenario['succession']
  readonly instances?: Scenario['instances']
}

function scenario(given: Given): Scenario {
  return {
    calls: calls(...given.calls),
    faults: { ...NO_FAULTS, ...given.faults },
    options: { ...OPTIONS, ...given.options },
    rules: { ...ALL_RULES, ...given.rules },
    succession: given.succession ?? 'none',
    instances: given.instances ?? 2,
  }
}

function searched(given: Scenario): Found {
  const start = performance.now()
  const found = search(given)
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.info(`${found.states} states, ${found.transitions} transitions, ${seconds} s`)
  return found
}

/** Twice the same commit id, and a rival for the same external id. */
const REPEAT_AND_RIVAL = ['A+x', 'A+x', 'B+x']

/** `tells`: answers that some caller gets in it, without which it would show little. */
type Safe = Given & {
  readonly title: string
  readonly minStates: number
  readonly tells: readonly string[]
}

const ANSWERS = ['A committed', 'A not_committed', 'A outcome_unknown']

const SAFE: readonly Safe[] = [
  {
    title: 'a repeat and a rival, two losses and a crash, and nothing is sent twice',
    calls: REPEAT_AND_RIVAL,
    faults: { losses: 2, crashes: 1 },
    minStates: 15_000,
    tells: [...ANSWERS, 'A refused'],
  },
  {
    title: 'a repeat and a rival, three losses and a crash, and what is not there is sent again',
    calls: REPEAT_AND_RIVAL,
    faults: { losses: 3, crashes: 1 },
    options: { maxSends: 2 },
    minStates: 60_000,
    tells: [...ANSWERS, 'A refused'],
  },
  {
    title: 'a repeat and a rival beside a request that shares their groups',
    calls: [...REPEAT_AND_RIVAL, 'C+y'],
    faults: { losses: 1, crashes: 1 },
    minStates: 150_000,
    tells: [...ANSWERS, 'A refused'],
  },
  {
    title: 'requests that need, delete and create again what others create',
    calls: ['A+x', 'D-x', 'R>x', 'A+x'],
    faults: { losses: 1, crashes: 1 },
    minStates: 100_000,
    tells: [...ANSWERS, 'D refused', 'R refused'],
  },
  {
    title: 'a deletion takes along what others touch',
    calls: ['A+x', 'R>x', 'D-x', 'T~R'],
    faults: { losses: 1, crashes: 1 },
    minStates: 100_000,
    tells: [...ANSWERS, 'T committed', 'T refused'],
  },
  {
    title: 'groups that the database rejects, and lone requests it rejects',
    calls: ['A+x', 'A+x', 'C+y'],
    faults: { losses: 1, crashes: 1, rejections: 2 },
    minStates: 30_000,
    tells: ANSWERS,
  },
  {
    title: 'a queue that is full',
    calls: REPEAT_AND_RIVAL,
    faults: { losses: 1, crashes: 1, rejections: 1 },
    options: { maxQueue: 1 },
    minStates: 10_000,
    tells: [...ANSWERS, 'A refused'],
  },
  {
    title: 'a newer head is asked for, and the log moves away',
    calls: REPEAT_AND_RIVAL,
    faults: { losses: 1, headsWanted: 1, moves: 1 },
    minStates: 30_000,
    tells: [...ANSWERS, 'A refused', 'A no_such_log'],
  },
]

describe('two instances of a log, whatever the order of what happens', () => {
  for (const { title, minStates, tells, ...given } of SAFE) {
    it(`keep C1, C3 and C4: ${title}`, () => {
      const found = searched(scenario(given))
      expect(found.violation).toBeNull()
      expect(found.states).toBeGreaterThan(minStates)
      expect([...found.told]).toEqual(expect.arrayContaining([...tells]))
    })
  }
})

describe('a request that the database always rejects', () => {
  it('fails nobody else in its group (C4)', () => {
    const given = { calls: ['A+x', 'B!y', 'C+z'], faults: {}, instances: 1 } as const
    const { violation, told } = searched(scenario(given))
    expect(violation).toBeNull()
    expect([...told].sort()).toEqual(['A committed', 'B not_committed', 'C committed'])
  })
})

describe('the search finds what goes wrong', () => {
  const faults = { losses: 2, crashes: 1 }

  it('without C1, when the fence lets an earlier term pass', () => {
    const rules = { fencesTerm: false }
    const { violation } = search(scenario({ calls: REPEAT_AND_RIVAL, faults, rules }))
    expect(violation).toMatch(/a stray commit\n.*hears opened\nI3: A is in the log/)
  })

  it('without C1, when a commit is looked up and the term is not raised first', () => {
    const rules = { raisesTermToLook: false }
    const { violation } = search(scenario({ calls: REPEAT_AND_RIVAL, faults, rules }))
    expect(violation).toMatch(/a stray commit\n.*hears opened\nI3: A is in the log/)
  })

  it('without C3, when a commit id is forgotten and an answer was lost', () => {
    const rules = { remembersCommitIds: false }
    const { violation } = search(scenario({ calls: REPEAT_AND_RIVAL, faults, rules }))
    expect(violation).toMatch(/loses the answer committed\n(?:.*\n)*I3: A is in the log/)
  })

  it('without C3, when a commit id is forgotten and its request can be done twice', () => {
    const rules = { remembersCommitIds: false }
    const { violation } = search(scenario({ calls: ['A=x', 'A=x'], faults: {}, rules }))
    expect(violation).toMatch(/I1: A is in the log twice$/)
  })

  it('without C4, when a group holds two creations of one external id', () => {
    const given = scenario({ calls: REPEAT_AND_RIVAL, faults: {} })
    const { violation } = search({ ...given, calls: withoutFootprints(given.calls) })
    expect(violation).toMatch(/commit A\+B of .\nI5: B is in the log against its precondition$/)
  })
})

describe('an instance that another has succeeded', () => {
  const given: Given = { calls: REPEAT_AND_RIVAL, faults: { losses: 2, crashes: 1 } }

  it('commits what its successor said is not committed, when it opens the log unnoticed', () => {
    const { violation } = search(scenario({ ...given, succession: 'unnoticed' }))
    expect(violation).toMatch(/1 takes over from 0\n(?:.*\n)*I3: A is in the log/)
  })

  it('cannot, when it looks whether it is still the only one after it opened the log (C2)', () => {
    const faults = { ...given.faults, headsWanted: 1 }
    const options = { maxSends: 2 }
    const found = searched(scenario({ ...given, faults, options, succession: 'noticed' }))
    expect(found.violation).toBeNull()
    expect(found.states).toBeGreaterThan(200_000)
  })
})
