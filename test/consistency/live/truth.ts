import type { Change } from '../../harness/api.ts'
import type { Truth } from '../history.ts'
import { EMPTY_STATE, type State, type Universe } from '../simulator/universe.ts'

/** The commits of a graph, by its own log. */
export type LoggedTruth = Truth & {
  /** The place of the state that a graph was in at `seq`. */
  readonly placeAt: (seq: number) => number
}

/**
 * The states that a graph went through, one for each request that changed it. When it did so only the
 * database knows: not before the request was sent, which `begun` tells by request id, nor before the
 * state it follows.
 */
export function truthOf(
  changes: readonly Change[],
  begun: ReadonlyMap<string, number>,
  universe: Universe,
): LoggedTruth {
  const states: { readonly state: State; readonly tick: number }[] = []
  const committed = new Map<string, number[]>()
  const ends: number[] = [0]
  states.push({ state: EMPTY_STATE, tick: 0 })
  let state = [...EMPTY_STATE]
  for (const [i, change] of changes.entries()) {
    apply(state, change, universe)
    const id = change.request_id
    if (changes[i + 1]?.request_id === id) continue
    const tick = Math.max(states.at(-1)?.tick ?? 0, begun.get(id) ?? 0)
    const place = states.push({ state, tick }) - 1
    committed.set(id, [...(committed.get(id) ?? []), place])
    ends.push(change.seq)
    state = [...state]
  }
  return { states, committed, placeAt: (seq) => ends.findLastIndex((end) => end <= seq) }
}

function apply(state: number[], change: Change, universe: Universe): void {
  if (change.kind.startsWith('type.')) {
    state[universe.placeOf(change.type ?? '')] = 1
    return
  }
  const place = universe.placeOf(change.id ?? '')
  if (place < 0) throw new Error(`the log tells of ${change.id}, which nobody wrote`)
  const { properties } = (change.after ?? {}) as { properties?: Record<string, number> }
  if (!properties) {
    state[place] = 0
    return
  }
  const { mark = 0, color = 0 } = properties
  state[place] = universe.numberOf({
    ...{ mark, color, type: change.type ?? '', externalId: change.external_id },
    from: change.from_id === null ? -1 : universe.placeOf(change.from_id),
    to: change.to_id === null ? -1 : universe.placeOf(change.to_id),
  })
}
