import { checkCopies } from './copies.ts'
import { checkGuarantees } from './guarantees.ts'
import type { History } from './history.ts'
import { checkLinearizable } from './linearizability.ts'

/** Everything that is wrong with a history; empty when nothing is. */
export function problemsOf(history: History): string[] {
  const verdict = checkLinearizable(history)
  return [
    ...history.problems,
    ...(verdict === 'linearizable' ? [] : [`strong reads and writes are ${verdict}`]),
    ...checkGuarantees(history),
    ...checkCopies(history.seed),
  ]
}
