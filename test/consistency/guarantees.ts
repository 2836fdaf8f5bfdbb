import { boundMs } from '../../core/log/consistency.ts'
import type { History, Operation, Read } from './history.ts'
import { isSame, project } from './simulator/queries.ts'

/**
 * Checks every read against the states that the database went through. Each must be of one of them
 * as a whole (R1), that had come to be before the answer, and not of one that is too old for its
 * level:
 * - no older than what its bookmark stands for: the writes and reads it came from, directly or
 *   through other clients (read your writes, monotonic reads);
 * - `strong`: no older than any write acknowledged, or state seen by a strong read that had ended,
 *   before it began;
 * - otherwise no older than any of those that had ended longer before its arrival than the bound. A
 *   write counts from its acknowledgement: until then nobody can expect to see it.
 *
 * Each read is given the earliest state that it can have seen; so a read that cannot be explained
 * with that cannot be explained at all. Returns what cannot.
 */
export function checkGuarantees({ operations, truth, universe }: History): string[] {
  const problems: string[] = []
  const places = new Array<number>(operations.length).fill(0)
  const order = operations
    .map((operation, index) => ({ operation, index }))
    .sort((a, b) => a.operation.responded - b.operation.responded)
  const ended = new Ended()
  for (const { operation, index } of order) {
    if (operation.does === 'write') {
      const place = truth.committed.get(operation.commitId)?.[0]
      if (operation.outcome !== 'committed') continue
      if (place === undefined) problems.push(`${operation.commitId} was never committed`)
      places[index] = place ?? 0
      ended.add(operation, place ?? 0)
      continue
    }
    const lowest = Math.max(
      floorOf(operation, ended),
      ...operation.after.map((i) => places[i] ?? 0),
    )
    let place = lowest
    while (!hasSeen(place)) {
      place += 1
      if (place < truth.states.length && (truth.states[place]?.tick ?? 0) <= operation.responded) {
        continue
      }
      problems.push(explain(operation, lowest))
      place = lowest
      break
    }
    places[index] = place
    if (operation.consistency.level === 'strong') ended.add(operation, place)

    function hasSeen(at: number): boolean {
      const { state } = truth.states[at] ?? {}
      const { queries, observed } = operation as Read
      return state !== undefined && isSame(project(state, queries, universe), observed)
    }
  }
  return problems

  function explain(read: Read, lowest: number): string {
    const seen = truth.states.flatMap(({ state }, place) =>
      isSame(project(state, read.queries, universe), read.observed) ? [place] : [],
    )
    return `a ${read.consistency.level} read of client ${read.client} at ${read.invokedAt} ms saw ${
      seen.length > 0 ? `state ${seen.join(' or ')}` : 'what never was'
    }, not ${lowest} or later: ${JSON.stringify(read.queries)}`
  }
}

/** The latest place among what must be seen apart from the bookmark. */
function floorOf(read: Read, ended: Ended): number {
  const { consistency } = read
  if (consistency.level === 'strong') return ended.beforeTick(read.invoked)
  const allowedMs =
    boundMs(consistency) +
    (consistency.level === 'bounded' && read.isStale ? consistency.staleIfErrorMs : 0)
  return ended.beforeTime(read.invokedAt - allowedMs)
}

/** Ends of writes and strong reads, in order, each with the latest place seen up to then. */
class Ended {
  readonly #ends: { readonly tick: number; readonly time: number; readonly place: number }[] = []

  add({ responded, respondedAt }: Operation, place: number): void {
    const latest = Math.max(place, this.#ends.at(-1)?.place ?? 0)
    this.#ends.push({ tick: responded, time: respondedAt, place: latest })
  }

  beforeTick(tick: number): number {
    return this.#ends.findLast((each) => each.tick < tick)?.place ?? 0
  }

  beforeTime(time: number): number {
    return this.#ends.findLast((each) => each.time < time)?.place ?? 0
  }
}
