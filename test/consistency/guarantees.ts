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
  /** By operation: what whoever goes on from it has seen. */
  const seen = new Array<number>(operations.length).fill(0)
  const ended = new Ended()
  const inOrder = [...operations.entries()].sort(([, a], [, b]) => a.responded - b.responded)
  for (const [index, operation] of inOrder) {
    if (operation.does === 'write') {
      if (operation.outcome !== 'committed') continue
      const place = truth.committed.get(operation.commitId)?.[0]
      if (place === undefined) problems.push(`${operation.commitId} was never committed`)
      seen[index] = place ?? 0
      ended.add(operation, place ?? 0)
      continue
    }
    const before = Math.max(0, ...operation.after.map((each) => seen[each] ?? 0))
    const floor = Math.max(before, floorOf(operation, ended))
    const place = firstSeen(operation, floor)
    if (place === null) problems.push(explain(operation, floor))
    // That an answer is young is nothing that a bookmark tells of; that it is the latest is (R5).
    const isStrong = operation.consistency.level === 'strong'
    seen[index] = (isStrong ? place : firstSeen(operation, before)) ?? floor
    if (isStrong) ended.add(operation, place ?? floor)
  }
  return problems

  function isSeen({ queries, observed }: Read, place: number): boolean {
    const { state } = truth.states[place] ?? {}
    return state !== undefined && isSame(project(state, queries, universe), observed)
  }

  /** The first state from `floor` on that gives what was observed, among those there were by then. */
  function firstSeen(read: Read, floor: number): number | null {
    for (let place = floor; (truth.states[place]?.tick ?? Infinity) <= read.responded; place += 1) {
      if (isSeen(read, place)) return place
    }
    return null
  }

  function explain(read: Read, floor: number): string {
    const places = [...truth.states.keys()].filter((place) => isSeen(read, place))
    const saw = places.length > 0 ? `state ${places.join(' or ')}` : 'what never was'
    const { consistency, client, invokedAt, queries } = read
    return `a ${consistency.level} read of client ${client} at ${invokedAt} ms saw ${saw}, not ${floor} or later: ${JSON.stringify(queries)}`
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
