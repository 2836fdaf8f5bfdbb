import { parseArgs } from 'node:util'
import { problemsOf } from './check.ts'
import type { History, Operation } from './history.ts'
import { runHistories } from './run-histories.ts'

/** What happened in a history, a line for each operation, in order of their ends. */
export function explain(history: History): string {
  const { seed, operations, truth, faults, universe } = history
  const lines = operations
    .map((operation, index) => ({ operation, index }))
    .sort((a, b) => a.operation.invoked - b.operation.invoked)
    .map(({ operation, index }) => line(operation, index, history))
  const states = truth.states.map(
    ({ state, tick }, place) => `  ${place} (tick ${tick}): ${state.join(' ')}`,
  )
  const held = [...universe.everything()].map(
    (each, number) => `  ${number + 1}: ${JSON.stringify(each)}`,
  )
  return [
    `seed ${seed}`,
    ...lines,
    ...faults,
    'states:',
    ...states,
    'what they hold:',
    ...held,
  ].join('\n')
}

function line(operation: Operation, index: number, { truth }: History): string {
  const { client, invoked, invokedAt, responded, respondedAt } = operation
  const when = `${index}. client ${client}, ${invokedAt} to ${respondedAt} ms (ticks ${invoked} to ${responded})`
  if (operation.does === 'write') {
    const places = truth.committed.get(operation.commitId)?.join() ?? '-'
    return `${when} writes ${JSON.stringify(operation.commands)}: ${operation.outcome}, state ${places}`
  }
  const { consistency, queries, observed, after, isStale } = operation
  return `${when} reads ${JSON.stringify(consistency)} after ${after.join() || 'nothing'} ${JSON.stringify(queries)}: ${observed.join(' ')}${isStale ? ' (stale)' : ''}`
}

/** The shortest history with a problem among those of some seeds; `null`: none has one. */
export async function shortestFailure(
  seeds: readonly number[],
  lengths: readonly number[],
): Promise<{ readonly history: History; readonly problems: readonly string[] } | null> {
  for (const length of lengths) {
    let found: { history: History; problems: readonly string[] } | null = null
    await runHistories(seeds, length, (history) => {
      const problems = problemsOf(history)
      if (problems.length > 0) found = { history, problems }
      return problems.length === 0
    })
    if (found) return found
  }
  return null
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      histories: { type: 'string', default: '20000' },
      operations: { type: 'string' },
    },
  })
  const first = Number(values.seed ?? 1)
  const count = values.seed === undefined ? Number(values.histories) : 1
  const seeds = Array.from({ length: count }, (_, i) => first + i)
  const lengths = values.operations
    ? [Number(values.operations)]
    : [3, 4, 5, 6, 8, 10, 14, 20, 40, 80, 180]
  const failure = await shortestFailure(seeds, lengths)
  console.log(failure ? [explain(failure.history), ...failure.problems].join('\n') : 'no problem')
}
