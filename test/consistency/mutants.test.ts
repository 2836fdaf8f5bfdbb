import { availableParallelism } from 'node:os'
import { beforeAll, describe, expect, it } from 'vitest'
import { MUTANTS } from './mutants.ts'
import { workInThreads } from './threads.ts'
import type { Outcome } from './worker.ts'

/**
 * Four million operations. Most mutants fail within a few thousand, the last ones within some hundred
 * thousand; but any change of the code gives every seed another history, in which one may fail later.
 */
const HISTORIES = 26_000

const outcomes = new Map<string | null, Outcome>()

beforeAll(async () => {
  const work = MUTANTS.map(({ name: mutant }) => ({
    ...{ firstSeed: 1, histories: HISTORIES, operations: 180, mutant },
  }))
  await workInThreads(availableParallelism(), work, ({ mutant }, outcome) => {
    outcomes.set(mutant, outcome)
  })
}, 900_000)

describe('the checker finds what is wrong, within four million operations, with', () => {
  it.each(MUTANTS.map(({ name }) => name))('%s', (name) => {
    expect(outcomes.get(name)?.failures).not.toEqual([])
    expect(outcomes.get(name)?.failures).toHaveLength(1)
  })
})
