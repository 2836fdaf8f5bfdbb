import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Command } from '../../../core/log/commands.ts'
import { fold } from '../../../core/log/fold.ts'
import { GRAPH, someCommands } from './commands.arbitrary.ts'
import { currentOf, interpret, type NaiveGraph, patchedOf, Refused } from './naive-graph.ts'
import { commit } from './statement-model.ts'

const RUNS = 20_000

/** The graph after the request as text, whatever the order of its records; or that it is refused. */
function after(make: () => NaiveGraph): readonly string[] | 'refused' {
  try {
    return make()
      .map((record) => JSON.stringify({ ...record, version: null }))
      .sort()
  } catch (error) {
    if (error instanceof Refused) return 'refused'
    throw error
  }
}

const done = (commands: readonly Command[]) => after(() => interpret(GRAPH, commands))
const folded = (commands: readonly Command[]) =>
  after(() => commit(GRAPH, fold(commands, currentOf(GRAPH))))

describe('folding the commands of a request (C4)', () => {
  it('writes what doing them one after the other writes', () => {
    let succeeded = 0
    fc.assert(
      fc.property(someCommands, (commands) => {
        const result = folded(commands)
        if (result === 'refused') return
        succeeded += 1
        expect(result).toEqual(done(commands))
      }),
      { numRuns: RUNS },
    )
    expect(succeeded).toBeGreaterThan(1_000)
  })

  it('writes nothing else when only the targets of patches were read', () => {
    fc.assert(
      fc.property(someCommands, (commands) => {
        if (hasOtherId(commands)) return
        const found = fold(commands, patchedOf(GRAPH, commands))
        // One record under two names that nobody read: the statement raises, and writes nothing.
        const result = after(() => commit(GRAPH, found, () => new Refused()))
        if (result !== 'refused') expect(result).toEqual(done(commands))
      }),
      { numRuns: RUNS },
    )
  })

  it('refuses no more than doing them one after the other, where nothing is deleted', () => {
    const withoutDeletions = someCommands.filter((commands) =>
      commands.every(({ action }) => action !== 'delete'),
    )
    let succeeded = 0
    fc.assert(
      fc.property(withoutDeletions, (commands) => {
        if (done(commands) === 'refused' || hasSecondUpsertOfRelationship(commands)) return
        succeeded += 1
        expect(folded(commands)).not.toBe('refused')
      }),
      { numRuns: RUNS },
    )
    expect(succeeded).toBeGreaterThan(1_000)
  })
})

/**
 * Whether an upsert finds its record by external id and gives another id beside it. Where that record
 * was not read, the id stands for it in the same request, and the naive graph does not see it so.
 */
function hasOtherId(commands: readonly Command[]): boolean {
  return commands.some(
    (command) =>
      command.action === 'upsert' &&
      command.externalId !== null &&
      GRAPH.some(({ id, externalId }) => externalId === command.externalId && id !== command.id),
  )
}

/** Whether ends would have to be compared that may be named in two ways: that is refused. */
function hasSecondUpsertOfRelationship(commands: readonly Command[]): boolean {
  return commands.some(
    (command, i) =>
      command.kind === 'relationship' &&
      command.action === 'upsert' &&
      commands.slice(0, i).some(({ kind }) => kind === 'relationship'),
  )
}
