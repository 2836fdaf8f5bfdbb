import { availableParallelism } from 'node:os'
import { describe, expect, it } from 'vitest'
import { explain } from './explain.ts'
import type { History } from './history.ts'
import { runHistories } from './run-histories.ts'
import { workInThreads } from './threads.ts'
import type { Failure } from './worker.ts'

/** The first of the seeds; each gives the same history always, on any machine. */
const SEED = Number(process.env.TENDRIL_SEED ?? Date.now() % 2 ** 31)
const OPERATIONS = Number(process.env.TENDRIL_HISTORY_OPERATIONS ?? 1_000_000)

/** Asked for per history; some are given up and not counted. */
const PER_HISTORY = 180
const COUNTED = 155
const HISTORIES = Math.ceil(OPERATIONS / COUNTED)
const AT_ONCE = 250

describe('histories of concurrent clients, isolates and faults', () => {
  it(`of ${OPERATIONS} operations keep what their levels promise`, {
    timeout: Math.max(900_000, OPERATIONS),
  }, async () => {
    console.info(`TENDRIL_SEED=${SEED}`)
    const work = Array.from({ length: Math.ceil(HISTORIES / AT_ONCE) }, (_, i) => ({
      firstSeed: SEED + i * AT_ONCE,
      histories: AT_ONCE,
      operations: PER_HISTORY,
      mutant: null,
    }))
    const failures: Failure[] = []
    let operations = 0
    await workInThreads(availableParallelism(), work, (_work, outcome) => {
      operations += outcome.operations
      failures.push(...outcome.failures)
    })
    expect(failures).toEqual([])
    expect(operations).toBeGreaterThanOrEqual(OPERATIONS)
  })

  it('are the same for the same seed', async () => {
    const seeds = [SEED, SEED + 1, SEED + 2]
    const [first, again] = [await textsOf(seeds), await textsOf(seeds)]
    expect(again).toEqual(first)
    expect(new Set(first).size).toBe(seeds.length)
  })

  it('meet everything that can happen', async () => {
    const met = new Set<string>()
    await runHistories(
      Array.from({ length: 300 }, (_, i) => i + 1),
      PER_HISTORY,
      (history) => {
        for (const happening of happenings(history)) met.add(happening)
        return true
      },
    )
    expect([...met]).toEqual(
      expect.arrayContaining([
        ...['a backup', 'a clock goes back by an hour', 'a restore', 'an edge cache is flushed'],
        ...['Redis is down', 'Redis is flushed', 'an isolate is dropped', 'the object is away'],
        ...['the object has two instances', 'the object is evicted', 'the primary is away'],
        ...['bounded', 'session', 'strong', 'stale', 'several parts', 'bookmarks of others'],
        ...['committed', 'refused', 'unknown'],
      ]),
    )
  })
})

async function textsOf(seeds: readonly number[]): Promise<string[]> {
  const texts = new Map<number, string>()
  await runHistories(seeds, PER_HISTORY, (history) => {
    texts.set(history.seed, explain(history))
    return true
  })
  return seeds.map((seed) => texts.get(seed) ?? '')
}

function happenings({ operations, faults }: History): string[] {
  return [
    ...faults.map((fault) => fault.replace(/^.* ms: /, '')),
    ...operations.flatMap((operation) =>
      operation.does === 'write'
        ? [operation.outcome]
        : [
            operation.consistency.level,
            ...(operation.isStale ? ['stale'] : []),
            ...(operation.queries.length > 1 ? ['several parts'] : []),
            ...(operation.after.length > 1 ? ['bookmarks of others'] : []),
          ],
    ),
  ]
}
