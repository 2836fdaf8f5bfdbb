import { availableParallelism } from 'node:os'
import { expect, it } from 'vitest'
import { MUTANTS } from './mutants.ts'
import { workInThreads } from './threads.ts'
import type { Work } from './worker.ts'

/** Long enough for trouble, and short enough that the search for an order of its operations ends. */
const OPERATIONS_PER_HISTORY = 180

/** `TENDRIL_CHECKER_OPERATIONS` sets another number, for a longer run. */
const OPERATIONS = Number(process.env.TENDRIL_CHECKER_OPERATIONS ?? 1_000_000)

/** Histories that one thread is given at once. */
const HISTORIES_PER_WORK = 100

const THREADS = Math.max(1, Math.min(4, availableParallelism()))

/** `TENDRIL_CHECKER_SEED` repeats a run. */
const SEED = Number(process.env.TENDRIL_CHECKER_SEED ?? Math.floor(Math.random() * 2 ** 40))

const LIMIT_MS = 30 * 60_000

it(
  `${OPERATIONS.toLocaleString('en')} operations keep the promise of their levels (seed ${SEED})`,
  async () => {
    const done = { operations: 0, failures: [] as string[] }
    const all = Array.from({ length: worksFor(OPERATIONS) }, (_, i) => ({
      ...{ firstSeed: SEED + i * HISTORIES_PER_WORK, histories: HISTORIES_PER_WORK },
      ...{ operations: OPERATIONS_PER_HISTORY, mutant: null },
    }))
    await workInThreads(THREADS, all, (_work, { operations, failures }) => {
      done.operations += operations
      done.failures.push(...failures.map(({ seed, problems }) => `${seed}: ${problems.join('\n')}`))
    })
    expect(done.failures).toEqual([])
    expect(done.operations).toBeGreaterThanOrEqual(OPERATIONS)
  },
  LIMIT_MS,
)

it(
  'finds out each rule, tag and comparison that is taken away (T4)',
  async () => {
    // As many histories as the shipped code has to pass.
    const histories = worksFor(1_000_000) * HISTORIES_PER_WORK
    const all = MUTANTS.map(
      ({ name }): Work => ({
        ...{ firstSeed: 1, histories, operations: OPERATIONS_PER_HISTORY, mutant: name },
      }),
    )
    const survivors: string[] = []
    await workInThreads(THREADS, all, ({ mutant }, { failures }) => {
      if (failures.length === 0 && mutant !== null) survivors.push(mutant)
    })
    expect(survivors).toEqual([])
  },
  LIMIT_MS,
)

/** Some operations of a history are never made: its clients run out of time. */
function worksFor(operations: number): number {
  const USUAL_SHARE = 0.7
  const histories = operations / (OPERATIONS_PER_HISTORY * USUAL_SHARE)
  return Math.ceil(histories / HISTORIES_PER_WORK)
}
